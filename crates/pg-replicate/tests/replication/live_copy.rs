//! The live copy by ordinary roles yields the same database.

use crate::support::{EVERY_OBJECT, World, assert_same_text};

#[tokio::test]
async fn every_kind_of_object_arrives_twice_in_a_row() {
    let world = World::new(EVERY_OBJECT);
    let copy = world.copy_in_place("{}");
    let summary = world.live(&copy).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    let names: Vec<&str> = summary.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(names, ["schema", "drop", "copy", "verification"]);
    // The second night meets what the first one left.
    world.live(&copy).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}
