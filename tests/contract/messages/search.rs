//! Search: finds a substring, and every character of the query is literal.

use chatkeep::{ErrorKind, NewMessage, Page};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    a_substring_is_found_in_message_and_response,
    special_characters_are_literal,
    patterns_are_literal_text,
    one_or_two_characters_are_enough,
    whitespace_is_searched_for_literally,
    emoji_and_other_scripts_are_found,
    a_query_may_have_1000_characters_but_not_1001,
    an_empty_query_is_refused,
    a_needle_is_found_in_ten_megabytes,
    a_needle_is_found_at_any_position_of_a_long_text,
    results_are_newest_first_and_paged,
];

fn a_substring_is_found_in_message_and_response(store: &Store) {
    store.log_texts(["the quick brown fox", "nothing"]);
    store.round_trip(&NewMessage::new("a question").with_response("the slow brown bear"));
    assert_eq!(store.found("brown"), ["a question", "the quick brown fox"]);
    assert_eq!(store.found("quick brown fox"), ["the quick brown fox"]);
    assert_eq!(store.found("slow"), ["a question"]);
    assert_eq!(store.found("brownfox"), Vec::<String>::new());
    assert_eq!(store.found("a questionthe"), Vec::<String>::new());
}

fn special_characters_are_literal(store: &Store) {
    let specials: Vec<String> =
        (' '..='~').filter(|character| !character.is_alphanumeric()).map(String::from).collect();
    // Each character is placed between letters in a text of its own.
    let texts: Vec<_> = specials.iter().map(|special| format!("xx{special}yy")).collect();
    store.log_texts(texts.iter().map(String::as_str));
    store.log_texts(["xxyy", "xxayy", "xx\\\\yy"]);
    for (special, text) in specials.iter().zip(&texts) {
        let mut found = store.found(&format!("x{special}y"));
        assert_eq!(found.len(), 1, "{special:?} found {found:?}");
        assert_eq!(found.pop().as_ref(), Some(text));
        let alone = if special == "\\" { 2 } else { 1 };
        assert_eq!(store.found(special).len(), alone, "{special:?}");
    }
    assert_eq!(store.found("\\\\"), ["xx\\\\yy"]);
}

fn patterns_are_literal_text(store: &Store) {
    let patterns = [
        "a.*b",
        "^a",
        "a$",
        "(a|b)",
        "[a-z]",
        "[[:alpha:]]",
        "[^a]",
        "\\d+",
        "\\w",
        "\\b",
        "\\Qa\\E",
        "a{2,}",
        "a+?",
        "(?i)a",
        "***=a",
        "***:a",
        "(?#c)a",
        "\\",
        "\\\\",
        "[",
        "]",
        "(",
        ")",
        "{",
        "*",
        "+",
        "?",
        "|",
        "&&",
        "--",
        "~~",
        "[a&&b]",
        "%a%",
        "_",
        "a_b",
        "'; --",
        "\"",
        "$1",
        "\\1",
        "\\x41",
        "\\u0041",
        "\\N{A}",
        "#c",
        "a b",
        "/a/i",
        "<>",
        "`",
        "!=",
        "@:;,",
    ];
    store.log_texts(patterns);
    store.log_texts(["", "a", "ab", "aab", "b", "Z", "7", "axb", "aa", "aXb"]);
    for pattern in patterns {
        let found = store.found(pattern);
        assert!(found.iter().any(|text| text == pattern), "{pattern:?} is found");
        assert!(
            found.iter().all(|text| text.to_lowercase().contains(&pattern.to_lowercase())),
            "{pattern:?}: {found:?}"
        );
        let expected = patterns
            .iter()
            .filter(|text| text.to_lowercase().contains(&pattern.to_lowercase()))
            .count();
        assert_eq!(found.len(), expected, "{pattern:?}: {found:?}");
    }
}

fn one_or_two_characters_are_enough(store: &Store) {
    store.log_texts(["banana", "b", "", "漢字"]);
    assert_eq!(store.found("b"), ["b", "banana"]);
    assert_eq!(store.found("an"), ["banana"]);
    assert_eq!(store.found("漢"), ["漢字"]);
    assert_eq!(store.found("字漢"), Vec::<String>::new());
}

fn whitespace_is_searched_for_literally(store: &Store) {
    store.log_texts(["a b", "a\nb", "a\r\nb", "a\tb", "ab ", "first line\nsecond line\n"]);
    assert_eq!(store.found("a b"), ["a b"]);
    assert_eq!(store.found("a\nb"), ["a\nb"]);
    assert_eq!(store.found("\r\n"), ["a\r\nb"]);
    assert_eq!(store.found("\t"), ["a\tb"]);
    assert_eq!(store.found("b "), ["ab "]);
    assert_eq!(store.found("line\nsecond"), ["first line\nsecond line\n"]);
    assert_eq!(store.found("second line"), ["first line\nsecond line\n"]);
    assert_eq!(store.found("  "), Vec::<String>::new());
}

fn emoji_and_other_scripts_are_found(store: &Store) {
    let texts = [
        "so \u{1f600} happy",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{1f601}",
        "שלום עולם",
        "e\u{301}",
        "é",
        "\u{10ffff}",
    ];
    store.log_texts(texts);
    assert_eq!(store.found("\u{1f600}"), ["so \u{1f600} happy"]);
    assert_eq!(store.found("\u{200d}\u{1f469}\u{200d}"), [texts[1]]);
    assert_eq!(store.found("\u{1f468}"), [texts[1]]);
    assert_eq!(store.found("ום ע"), ["שלום עולם"]);
    assert_eq!(store.found("é"), ["é"]);
    assert_eq!(store.found("\u{301}"), ["e\u{301}"]);
    assert_eq!(store.found("\u{10ffff}"), ["\u{10ffff}"]);
    assert_eq!(store.found("\u{1f602}"), Vec::<String>::new());
}

fn a_query_may_have_1000_characters_but_not_1001(store: &Store) {
    for character in ["x", ".", "ß", "\u{1f600}", "k"] {
        let longest = character.repeat(1_000);
        store.log_texts([format!("before {longest} after").as_str()]);
        assert_eq!(store.found(&longest).len(), 1, "{character}");
        assert_rejected(
            store.messages().search_messages(
                &character.repeat(1_001),
                &chatkeep::MessageFilter::default(),
                &Page::default(),
            ),
            "query",
        );
    }
    assert_rejected(
        store.messages().search_messages(
            &"x".repeat(100_000),
            &chatkeep::MessageFilter::default(),
            &Page::default(),
        ),
        "query",
    );
}

fn an_empty_query_is_refused(store: &Store) {
    store.log_texts(["a"]);
    assert_rejected(
        store.messages().search_messages("", &chatkeep::MessageFilter::default(), &Page::default()),
        "query",
    );
    let error = store
        .messages()
        .search_messages("a\0", &chatkeep::MessageFilter::default(), &Page::default())
        .expect_err("a NUL is refused");
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("query")));
}

fn a_needle_is_found_in_ten_megabytes(store: &Store) {
    // Every position starts like the needle, which is the worst case for a backtracking search.
    let hay = "needl \u{1f600} ".repeat(920_000);
    assert!(hay.len() > 10_000_000);
    store.round_trip(&NewMessage::new("without").with_response(hay.as_str()));
    store.round_trip(&NewMessage::new("with").with_response(hay + "NEEDLE"));
    assert_eq!(store.found("needle"), ["with"]);
    assert_eq!(store.found("needles"), Vec::<String>::new());
}

fn a_needle_is_found_at_any_position_of_a_long_text(store: &Store) {
    // An engine that searches a long text in parts must find matches that span two parts.
    let length = 600_000;
    let needle = "Nadel \u{1f600}";
    let positions =
        [0, 249_992, 249_993, 249_996, 249_999, 250_000, 250_001, 499_995, 500_000, length];
    for position in positions {
        let text = "é".repeat(position) + needle + &"n".repeat(length - position);
        store.round_trip(&NewMessage::new(position.to_string()).with_response(text));
    }
    assert_eq!(store.found("nadel \u{1f600}").len(), positions.len());
    assert_eq!(store.found("ÉNADEL \u{1f600}").len(), positions.len() - 1);
    assert_eq!(store.found("\u{1f600}NN").len(), positions.len() - 1);
    assert_eq!(store.found("nadel \u{1f601}"), Vec::<String>::new());
}

fn results_are_newest_first_and_paged(store: &Store) {
    store.log_texts(["a1", "b", "A2", "a3", "c"]);
    assert_eq!(store.found("a"), ["a3", "A2", "a1"]);
    let page = Page { limit: 1, offset: 1, cursor: None };
    let second = store
        .messages()
        .search_messages("a", &chatkeep::MessageFilter::default(), &page)
        .expect("the search succeeds");
    assert_eq!(crate::store::texts(second), ["A2"]);
    for text in ["same moment", "same moment, logged later"] {
        store.log_at(text, "2024-02-01");
    }
    assert_eq!(store.found("same"), ["same moment, logged later", "same moment"]);
}
