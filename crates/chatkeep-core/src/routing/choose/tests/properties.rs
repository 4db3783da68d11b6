//! Properties of choices among random providers, with random policies and health.

use super::super::weighted::splitmix64;
use super::*;

/// Random numbers that a seed determines.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        splitmix64(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)) % limit
    }

    fn small(&mut self, limit: u32) -> i32 {
        i32::try_from(self.below(limit.into())).expect("it is small")
    }

    fn number(&mut self, limit: u32) -> i64 {
        self.small(limit).into()
    }

    fn is_one_of(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[usize::try_from(self.below(items.len() as u64)).expect("it is small")]
    }
}

const PROVIDERS: [&str; 5] = ["a", "b", "c", "d", "e"];
const MODELS: [&str; 4] = ["m1", "m2", "m3", "m4"];
const ABILITIES: [&str; 3] = ["chat", "tools", "vision"];

fn abilities(random: &mut Random) -> Vec<String> {
    let some = ABILITIES.iter().filter(|_| !random.is_one_of(3));
    some.map(|name| (*name).to_owned()).collect()
}

fn random_models(random: &mut Random, owner: &str) -> Vec<Model> {
    let mut models = Vec::new();
    for name in MODELS {
        if random.is_one_of(3) {
            continue;
        }
        let price = random.number(5) * 1_000;
        let cost = crate::Cost::from_nano_dollars(price).expect("not negative");
        models.push(Model {
            enabled: !random.is_one_of(5),
            capabilities: abilities(random),
            context_window: (!random.is_one_of(4)).then(|| 1_000 + random.number(9_000)),
            input_price: (!random.is_one_of(4)).then_some(cost),
            output_price: Some(cost),
            ..model(owner, name)
        });
    }
    models
}

fn random_policies(random: &mut Random) -> Vec<ProviderPolicy> {
    let mut policies = Vec::new();
    for owner in [None].into_iter().chain(PROVIDERS.map(Some)) {
        if random.is_one_of(2) {
            let percent = 1 + random.number(100);
            let config = format!(
                r#"{{"failure_percent": {percent}, "min_requests": {}, "open_seconds": {}}}"#,
                1 + random.number(10),
                1 + random.number(100)
            );
            policies.push(policy(owner, PolicyKind::CircuitBreaker, &config));
        }
        if random.is_one_of(3) {
            let listed: Vec<_> = PROVIDERS
                .into_iter()
                .filter(|name| Some(*name) != owner && random.is_one_of(2))
                .map(|name| format!("\"{name}\""))
                .collect();
            let config = format!(r#"{{"providers": [{}]}}"#, listed.join(", "));
            policies.push(policy(owner, PolicyKind::Fallback, &config));
        }
        if random.is_one_of(2) {
            let strategy = random.pick(&["priority", "weight", "latency", "cost"]);
            let config = format!(r#"{{"strategy": "{strategy}"}}"#);
            policies.push(policy(owner, PolicyKind::LoadBalance, &config));
        }
    }
    policies
}

struct Case {
    snapshot: ProviderSnapshot,
    health: RoutingHealth,
    request: ChooseRequest,
}

fn random_case(seed: u64) -> Case {
    let mut random = Random(seed << 16);
    let random = &mut random;
    let mut providers = Vec::new();
    for name in PROVIDERS {
        let (priority, weight) = (random.small(3), random.small(4));
        let mut provider = provider(name, priority, weight);
        provider.enabled = !random.is_one_of(5);
        provider.capabilities = abilities(random);
        providers.push((provider, random_models(random, name)));
    }
    let mut requests = Vec::new();
    for name in PROVIDERS {
        for model in MODELS {
            let all = random.number(20);
            let failures = random.number(20).min(all);
            let cancelled = random.number(5).min(all - failures);
            let latency = (!random.is_one_of(3)).then(|| random.number(5) * 100);
            let failed_ago = random.number(120);
            requests.push((
                name,
                model,
                Requests { all, failures, cancelled, failed_ago, latency },
            ));
        }
    }
    let some = |random: &mut Random, items: &[&str]| {
        random.is_one_of(3).then(|| random.pick(items).to_owned())
    };
    let tried: Vec<_> = (0..random.below(4))
        .map(|_| match (random.pick(&PROVIDERS), random.is_one_of(2)) {
            (provider, true) => provider.to_owned(),
            (provider, false) => format!("{provider}/{}", random.pick(&MODELS)),
        })
        .collect();
    let request = ChooseRequest {
        purpose: some(random, &["chat", "other"]),
        capabilities: some(random, &ABILITIES).map(|name| vec![name]),
        min_context_window: random.is_one_of(3).then(|| random.number(9_000) + 1),
        preferred_provider: some(random, &PROVIDERS),
        preferred_model: some(random, &MODELS),
        tried: Some(tried),
        seed: Some(random.number(1_000)),
    };
    let defaults = vec![default("chat", random.pick(&PROVIDERS), random.pick(&MODELS))];
    let policies = random_policies(random);
    Case {
        snapshot: snapshot(providers, policies, defaults),
        health: health(5, &requests),
        request,
    }
}

fn find<'a>(
    snapshot: &'a ProviderSnapshot,
    candidate: &ModelCandidate,
) -> (&'a Provider, &'a Model) {
    let entry = snapshot.provider(&candidate.provider).expect("it exists");
    let model = entry.models.iter().find(|model| model.name == candidate.model);
    (&entry.provider, model.expect("it exists"))
}

/// Asserts that a candidate meets the needs, and that its circuit is not open.
fn assert_usable(case: &Case, rules: &Rules<'_>, candidate: &ModelCandidate) {
    let (provider, model) = find(&case.snapshot, candidate);
    let request = &case.request;
    assert!(provider.enabled && model.enabled);
    for name in request.capabilities() {
        assert!(model.capabilities.contains(name) || provider.capabilities.contains(name));
    }
    if let Some(needed) = request.min_context_window {
        assert!(model.context_window.expect("it is known") >= needed);
    }
    for tried in request.tried.as_deref().unwrap_or_default() {
        let name = format!("{}/{}", provider.name, model.name);
        assert!(*tried != name && *tried != provider.name);
    }
    let Some(breaker) = rules.breaker(&provider.name) else {
        assert!(!candidate.half_open);
        return;
    };
    let (of_provider, of_model) =
        case.health.find(5, &provider.name, &model.name).expect("all have requests");
    let of_model = of_model.expect("all have requests");
    let own = of_model.requests - of_model.cancelled >= breaker.min_requests;
    let (all, failures, last) = if own {
        let all = of_model.requests - of_model.cancelled;
        (all, of_model.failures, of_model.last_failure_at)
    } else {
        let all = of_provider.requests - of_provider.cancelled;
        (all, of_provider.failures, of_provider.last_failure_at)
    };
    let fails = all >= breaker.min_requests && failures * 100 >= all * breaker.failure_percent;
    assert_eq!(fails, candidate.half_open);
    if fails {
        let seconds = now().as_microsecond() - last.expect("it failed").as_microsecond();
        assert!(seconds / 1_000_000 >= breaker.open_seconds, "the circuit is open");
    }
}

#[test]
fn candidates_meet_the_needs_and_each_model_is_listed_once() {
    let (mut chosen, mut half_open) = (0, 0);
    for seed in 0..3_000 {
        let case = random_case(seed);
        let choose = || choose(&case.snapshot, &case.health, &case.request, now());
        let choice = choose().expect("it is valid");
        assert_eq!(choose().expect("it is valid"), choice, "equal arguments, equal result");
        let rules = Rules::of(&case.snapshot.policies).expect("they are valid");
        for candidate in &choice.candidates {
            assert_usable(&case, &rules, candidate);
            assert!(!candidate.reasons.is_empty());
        }
        chosen += usize::from(!choice.candidates.is_empty());
        half_open += choice.candidates.iter().filter(|candidate| candidate.half_open).count();
        assert!(choice.candidates.is_sorted_by_key(|candidate| candidate.half_open));
        let mut listed = names(&choice);
        let known = choice.rejected.iter().filter(|one| one.reason != RejectionReason::Unknown);
        listed.extend(
            known.filter_map(|one| {
                Some(format!("{}/{}", one.provider.as_ref()?, one.model.as_ref()?))
            }),
        );
        listed.sort();
        let models = case.snapshot.providers.iter().flat_map(|entry| &entry.models);
        let mut all: Vec<_> =
            models.map(|model| format!("{}/{}", model.provider, model.name)).collect();
        all.sort();
        assert_eq!(listed, all, "each model is chosen or rejected");
    }
    assert!(chosen > 1_000 && half_open > 100, "{chosen}, {half_open}");
}

#[test]
fn the_order_is_total_and_does_not_depend_on_the_order_of_the_rows() {
    for seed in 0..1_000 {
        let case = random_case(seed);
        let choose = |snapshot: &ProviderSnapshot| {
            let choice = choose(snapshot, &case.health, &case.request, now());
            names(&choice.expect("it is valid"))
        };
        let expected = choose(&case.snapshot);
        let mut reversed: Vec<_> = case.snapshot.providers.to_vec();
        reversed.reverse();
        reversed.iter_mut().for_each(|entry| entry.models.reverse());
        let mut policies = case.snapshot.policies.to_vec();
        policies.reverse();
        let reversed = ProviderSnapshot {
            providers: reversed.into(),
            policies: policies.into(),
            ..case.snapshot.clone()
        };
        assert_eq!(choose(&reversed), expected, "{seed}");
    }
}

#[test]
fn shares_of_providers_with_the_same_priority_are_those_of_their_weights() {
    let with_model =
        |name: &str, priority, weight| (provider(name, priority, weight), vec![model(name, "m")]);
    let snapshot = snapshot(
        vec![with_model("a", 5, 1), with_model("b", 5, 3), with_model("c", 0, 100)],
        vec![],
        vec![],
    );
    let (mut first, seeds) = (0, 10_000);
    for seed in 0..seeds {
        let request = ChooseRequest { seed: Some(seed), ..ChooseRequest::default() };
        let choice = choose(&snapshot, &RoutingHealth::default(), &request, now());
        let names = names(&choice.expect("it is valid"));
        assert_eq!(names[2], "c/m", "a lower priority is last");
        first += i64::from(names[0] == "b/m");
    }
    let percent = first * 100 / seeds;
    assert!((73..=77).contains(&percent), "{percent} %");
}
