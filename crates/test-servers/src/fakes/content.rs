//! Learning content in the form of the content API: one list of items for each table.

use serde_json::{Value, json};

const COMPETENCES: usize = 16;
const TUBES: usize = 80;
const SKILLS: usize = 300;
const CHALLENGES: usize = 600;
const TUTORIALS: usize = 150;

/// All content of the API. Items are as irregular as real ones: keys are missing, values are null, and
/// strings contain quotes, braces, newlines, tabs, backslashes and non-Latin letters.
#[must_use]
pub fn content() -> Value {
    json!({
        "frameworks": list(2, framework),
        "areas": list(5, area),
        "attachments": list(120, attachment),
        "competences": list(COMPETENCES, competence),
        "tubes": list(TUBES, tube),
        "skills": list(SKILLS, skill),
        "challenges": list(CHALLENGES, challenge),
        "courses": list(40, course),
        "tutorials": list(TUTORIALS, tutorial),
        "thematics": list(TUBES / 4, thematic),
        "missions": list(12, mission),
        "modules": list(8, module),
        "translations": list(2 * CHALLENGES, translation),
    })
}

/// Items 1 to `count`.
fn list(count: usize, item: fn(usize) -> Value) -> Vec<Value> {
    (1..=count).map(item).collect()
}

fn cycle<'a>(n: usize, values: &[&'a str]) -> &'a str {
    values[n % values.len()]
}

/// `item` without `keys` if `is_missing`: an absent key is not the same as null.
fn without(mut item: Value, is_missing: bool, keys: &[&str]) -> Value {
    if let Some(item) = item.as_object_mut().filter(|_| is_missing) {
        item.retain(|key, _| !keys.contains(&key.as_str()));
    }
    item
}

fn framework(n: usize) -> Value {
    json!({ "id": format!("framework{n}"), "name": cycle(n, &["Pix", "Pix+ Édu"]) })
}

fn thematic(n: usize) -> Value {
    json!({
        "id": format!("thematic{n}"),
        "name_i18n": { "fr": format!("Thématique {n}"), "en": format!("Thematic {n}") },
        "competenceId": format!("competence{}", 1 + n % COMPETENCES),
        "tubeIds": (0..4).map(|tube| format!("tube{}", 4 * n - tube)).collect::<Vec<_>>(),
    })
}

fn mission(n: usize) -> Value {
    json!({
        "id": n,
        "name_i18n": { "fr": format!("Mission « {n} »") },
        "competenceId": format!("competence{}", 1 + n % COMPETENCES),
        "thematicIds": [format!("thematic{n}")],
        "learningObjectives_i18n": { "fr": "- chercher\n- trouver" },
        "status": cycle(n, &["VALIDATED", "EXPERIMENTAL"]),
        "content": { "steps": [{ "tutorialChallenges": [[format!("challenge{n}")]] }], "dareChallenges": [] },
    })
}

fn module(n: usize) -> Value {
    json!({
        "id": format!("module{n}"),
        "slug": format!("bases-{n}"),
        "title": format!("Les bases n° {n}"),
        "grains": [{ "type": "lesson", "elements": [{ "type": "text", "content": "<p>Bonjour \"vous\"</p>" }] }],
    })
}

fn translation(n: usize) -> Value {
    let (challenge, field) = (1 + n / 2, cycle(n, &["instruction", "solutionToDisplay"]));
    json!({
        "key": format!("challenge.challenge{challenge}.{field}"),
        "locale": "en",
        "value": format!("Open file {challenge}"),
        "model": "challenge",
        "entityId": format!("challenge{challenge}"),
        "sourceEntityId": if n.is_multiple_of(3) { json!(format!("challenge{}", challenge / 3)) } else { Value::Null },
    })
}

fn area(n: usize) -> Value {
    let titles = ["Équipement", "Information et données", "Communication", "Création", "Sécurité"];
    json!({ "id": format!("area{n}"), "code": n.to_string(), "name": format!("{n}. {}", cycle(n, &titles)) })
}

fn attachment(n: usize) -> Value {
    json!({
        "id": format!("attachment{n}"),
        "type": if n.is_multiple_of(3) { "attachment" } else { "illustration" },
        "challengeId": format!("challenge{}", n * 5),
        "alt": if n.is_multiple_of(4) { Value::Null } else { json!(format!("Schéma « {n} » {{légende}}")) },
        "url": format!("https://images.example.net/{n}.png?size=2,3"),
        "size": n * 1024 + 17,
    })
}

fn competence(n: usize) -> Value {
    json!({
        "id": format!("competence{n}"),
        "name_i18n": { "fr": format!("Compétence {n} : l'essentiel"), "en": format!("Competence {n}") },
        "index": format!("{}.{}", 1 + n / 4, 1 + n % 4),
        "origin": "Pix",
        "areaId": format!("area{}", 1 + n % 5),
    })
}

fn tube(n: usize) -> Value {
    let tube = json!({
        "id": format!("tube{n}"),
        "name": format!("@tube{n}"),
        "practicalTitle_i18n": { "fr": format!("Titre pratique {n}"), "en": format!("Practical title {n}") },
        "practicalDescription_i18n": { "fr": "Connaître, utiliser\net partager", "en": null },
        "competenceId": format!("competence{}", 1 + n % COMPETENCES),
    });
    without(tube, n.is_multiple_of(20), &["practicalDescription_i18n"])
}

fn skill(n: usize) -> Value {
    let skill = json!({
        "id": format!("skill{n}"),
        "name": format!("@skill{}", 1 + n % 8),
        "description": format!("Savoir-faire n° {n}\tavec une tabulation"),
        "level": 1 + n % 8,
        "tubeId": format!("tube{}", 1 + n % TUBES),
        "status": cycle(n, &["actif", "en construction", "archivé"]),
        "pixValue": f64::from(u32::try_from(n % 40).unwrap_or_default()) / 8.0,
        "hint_i18n": { "fr": format!("Regarder \"en bas\" de la page {n}"), "en": "Look \\ below" },
        "hintStatus": if n.is_multiple_of(2) { json!("Validé") } else { Value::Null },
        "tutorialIds": tutorials(n, n % 4),
        "learningMoreTutorialIds": tutorials(n * 3, n % 2),
        "internationalisation": "Monde",
    });
    without(skill, n.is_multiple_of(25), &["hint_i18n", "learningMoreTutorialIds"])
}

fn tutorials(first: usize, count: usize) -> Vec<String> {
    (0..count).map(|offset| format!("tutorial{}", 1 + (first + offset) % TUTORIALS)).collect()
}

fn challenge(n: usize) -> Value {
    let day = format!("2023-{:02}-{:02}T08:30:00.000Z", 1 + n % 12, 1 + n % 28);
    let mut challenge = json!({
        "id": format!("challenge{n}"),
        "instruction": format!("Ouvrir le fichier « données {n} ».\n\n- Combien de *lignes* ?\n- Pourquoi ? {{oui}}, 'non', C:\\temp 🚀"),
        "status": cycle(n, &["validé", "proposé", "périmé", "archivé"]),
        "type": cycle(n, &["QCU", "QCM", "QROC", "QROCM-ind"]),
        "timer": if n.is_multiple_of(10) { json!(60) } else { Value::Null },
        "autoReply": n.is_multiple_of(7),
        "skillId": format!("skill{}", 1 + n % SKILLS),
        "locales": if n.is_multiple_of(5) { vec!["fr", "fr-fr", "en"] } else { vec!["fr"] },
        "embedUrl": if n.is_multiple_of(6) { json!(format!("https://embed.example.net/{n}")) } else { Value::Null },
        "alternativeInstruction": if n.is_multiple_of(9) { "Écouter l'extrait." } else { "" },
        "area": "France",
        "focusable": n.is_multiple_of(3),
        "solutionToDisplay": format!("La réponse est {}", n % 13),
        "delta": f64::from(u32::try_from(n % 97).unwrap_or_default()) / 16.0 - 3.0,
        "alpha": f64::from(u32::try_from(n % 31).unwrap_or_default()) / 32.0,
        "createdAt": day,
        "validatedAt": if n % 4 == 1 { Value::Null } else { json!(day) },
        "archivedAt": if n % 4 == 3 { json!("2024-02-29T23:59:59.999Z") } else { Value::Null },
        "accessibility1": "OK",
        "accessibility2": "RAS",
        "spoil": "Non Sp",
        "responsive": "Tablette/Smartphone",
        "deafAndHardOfHearing": "RAS",
        "requireGafamWebsiteAccess": n.is_multiple_of(11),
        "isIncompatibleIpadCertif": n.is_multiple_of(13),
        "toRephrase": false,
        "isAwarenessChallenge": n.is_multiple_of(17),
        "genealogy": if n.is_multiple_of(2) { "Prototype 1" } else { "Décliné 1" },
        "version": 1 + n % 3,
        "alternativeVersion": if n.is_multiple_of(2) { json!(2) } else { Value::Null },
        "declinable": "facilement",
        "proposals": "- un\n- deux, trois\n- \"quatre\"",
        "solution": (1 + n % 3).to_string(),
        "pedagogy": "e-preuve",
        "shuffled": n.is_multiple_of(2),
        "contextualizedFields": if n.is_multiple_of(8) { vec!["instruction", "illustration, \"photo\""] } else { vec![] },
        "urlsToConsult": if n.is_multiple_of(12) { json!(["https://example.net/a,b", "https://example.net/{c}"]) } else { Value::Null },
    });
    // Only in the stream.
    challenge["geography"] = json!("France");
    challenge["isQualityOk"] = json!(!n.is_multiple_of(19));
    challenge["format"] = json!(cycle(n, &["mots", "phrase"]));
    without(challenge, n.is_multiple_of(30), &["proposals", "locales", "genealogy", "archivedAt"])
}

fn course(n: usize) -> Value {
    json!({ "id": format!("course{n}"), "name": format!("Parcours {n}"), "competences": ["competence1"] })
}

fn tutorial(n: usize) -> Value {
    json!({
        "id": format!("tutorial{n}"),
        "title": format!("Tutoriel {n} — les bases 日本語"),
        "link": format!("https://tutorials.example.net/{n}"),
        "tutorialForSkills": [format!("skill{n}"), format!("skill{}", 2 * n)],
        "furtherInformation": if n.is_multiple_of(3) { json!([format!("skill{}", 3 * n)]) } else { Value::Null },
        "locale": if n.is_multiple_of(10) { "en-us" } else { "fr-fr" },
    })
}
