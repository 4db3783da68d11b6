//! Case-insensitive search: characters match if Unicode simple case folding maps them to the same
//! character, on every engine and in every locale.

use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    letters_of_any_script_are_found_in_either_case,
    sharp_s_is_found_in_either_case_and_is_not_double_s,
    a_kelvin_sign_is_a_k_and_an_angstrom_sign_an_a_with_ring,
    a_final_sigma_is_a_sigma,
    dotted_capital_i_and_dotless_i_are_not_i,
    accents_are_significant,
    ligatures_and_digits_match_only_themselves,
    letters_beyond_the_basic_plane_have_cases_too,
];

/// Returns the texts that a query finds, in the order in which they were logged.
fn found(store: &Store, query: &str) -> Vec<String> {
    let mut found = store.found(query);
    found.reverse();
    found
}

fn letters_of_any_script_are_found_in_either_case(store: &Store) {
    let pairs = [
        ("hello", "HELLO"),
        ("éàü", "ÉÀÜ"),
        ("привет", "ПРИВЕТ"),
        ("αθήνα", "ΑΘΉΝΑ"),
        ("ѐӂ", "ЀӁ"),
        ("ǆ", "Ǆ"),
        ("ÿ", "Ÿ"),
    ];
    for (lower, upper) in pairs {
        store.log_texts([lower, upper]);
        assert_eq!(found(store, lower), [lower, upper]);
        assert_eq!(found(store, upper), [lower, upper]);
    }
}

fn sharp_s_is_found_in_either_case_and_is_not_double_s(store: &Store) {
    store.log_texts(["straße", "STRAẞE", "strasse", "STRASSE"]);
    for query in ["straße", "STRAẞE", "ß", "ẞ"] {
        assert_eq!(found(store, query), ["straße", "STRAẞE"], "{query}");
    }
    assert_eq!(found(store, "SS"), ["strasse", "STRASSE"]);
}

fn a_kelvin_sign_is_a_k_and_an_angstrom_sign_an_a_with_ring(store: &Store) {
    store.log_texts([
        "5 k",
        "5 K",
        "5 \u{212a}",
        "1 å",
        "1 Å",
        "1 \u{212b}",
        "µ",
        "\u{3bc}",
        "ſ",
        "s",
    ]);
    for query in ["k", "K", "\u{212a}"] {
        assert_eq!(found(store, query), ["5 k", "5 K", "5 \u{212a}"], "{query}");
    }
    for query in ["å", "Å", "\u{212b}"] {
        assert_eq!(found(store, query), ["1 å", "1 Å", "1 \u{212b}"], "{query}");
    }
    assert_eq!(found(store, "µ"), ["µ", "\u{3bc}"]);
    assert_eq!(found(store, "S"), ["ſ", "s"]);
}

fn a_final_sigma_is_a_sigma(store: &Store) {
    store.log_texts(["οδος", "ΟΔΟΣ", "οδοσ", "οδο"]);
    for query in ["οδος", "ΟΔΟΣ", "οδοσ", "ς", "σ"] {
        assert_eq!(found(store, query), ["οδος", "ΟΔΟΣ", "οδοσ"], "{query}");
    }
}

fn dotted_capital_i_and_dotless_i_are_not_i(store: &Store) {
    store.log_texts(["i", "I", "İ", "ı", "i\u{307}"]);
    assert_eq!(found(store, "i"), ["i", "I", "i\u{307}"]);
    assert_eq!(found(store, "I"), ["i", "I", "i\u{307}"]);
    assert_eq!(found(store, "İ"), ["İ"]);
    assert_eq!(found(store, "ı"), ["ı"]);
}

fn accents_are_significant(store: &Store) {
    store.log_texts(["resume", "résumé", "re\u{301}sume\u{301}"]);
    assert_eq!(found(store, "RESUME"), ["resume"]);
    assert_eq!(found(store, "RÉSUMÉ"), ["résumé"]);
    assert_eq!(found(store, "re\u{301}"), ["re\u{301}sume\u{301}"]);
    assert_eq!(found(store, "re"), ["resume", "re\u{301}sume\u{301}"]);
}

fn ligatures_and_digits_match_only_themselves(store: &Store) {
    store.log_texts(["ﬁn", "fin", "①", "1", "Ⅷ", "ⅷ", "viii", "ａ", "Ａ", "a"]);
    assert_eq!(found(store, "FI"), ["fin"]);
    assert_eq!(found(store, "ﬁ"), ["ﬁn"]);
    assert_eq!(found(store, "1"), ["1"]);
    assert_eq!(found(store, "Ⅷ"), ["Ⅷ", "ⅷ"]);
    assert_eq!(found(store, "ａ"), ["ａ", "Ａ"]);
    assert_eq!(found(store, "A"), ["a"]);
}

fn letters_beyond_the_basic_plane_have_cases_too(store: &Store) {
    // Deseret (U+10400) and Adlam (U+1E900).
    store.log_texts(["\u{10400}x", "\u{10428}x", "\u{1e900}", "\u{1e922}", "\u{1f600}"]);
    for query in ["\u{10400}X", "\u{10428}X"] {
        assert_eq!(found(store, query), ["\u{10400}x", "\u{10428}x"]);
    }
    assert_eq!(found(store, "\u{1e922}"), ["\u{1e900}", "\u{1e922}"]);
}
