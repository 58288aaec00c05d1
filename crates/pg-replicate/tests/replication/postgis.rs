//! PostGIS, made by the platform and not by our role, in both databases.
//!
//! Left out where the package is not installed.

use crate::support::{World, assert_same_text};
use pg_replicate::{Error, FullCopy, Publish};

/// Points, an index over them, a generated column, a view, and a constraint on the type's modifier.
const PLACES: &str = "
    CREATE TABLE places (
      id int PRIMARY KEY, name text, at geometry(Point, 4326) NOT NULL, around geography(Polygon),
      north float8 GENERATED ALWAYS AS (ST_Y(at)) STORED, bounds box2d DEFAULT 'BOX(0 0,1 1)',
      CHECK (ST_IsValid(at)));
    INSERT INTO places (id, name, at, around)
      SELECT n, 'place ' || n, ST_SetSRID(ST_MakePoint(n, n / 2.0), 4326), ST_Buffer(ST_MakePoint(n, n)::geography, 10)
      FROM generate_series(1, 40) n;
    CREATE INDEX ON places USING gist (at);
    CREATE INDEX ON places USING brin (around);
    CREATE INDEX ON places ((ST_AsText(at)));
    CREATE FUNCTION near(geometry) RETURNS SETOF places LANGUAGE sql STABLE AS
      $$ SELECT * FROM places WHERE ST_DWithin(at, $1, 2) $$;
    CREATE VIEW named AS SELECT name, ST_AsGeoJSON(at) AS json FROM places;
    CREATE MATERIALIZED VIEW hull AS SELECT ST_ConvexHull(ST_Collect(at)) AS whole FROM places;";

/// A topology with a layer, of which features and the topology's own tables speak.
const CITY: &str = "
    SELECT CreateTopology('city', 4326);
    CREATE TABLE quarters (id int PRIMARY KEY);
    SELECT AddTopoGeometryColumn('city', 'public', 'quarters', 'area', 'POLYGON');
    INSERT INTO quarters VALUES (1, toTopoGeom(ST_GeomFromText('POLYGON((0 0,0 1,1 1,1 0,0 0))', 4326), 'city', 1));";

fn superuser(world: &World, database: &str, script: &str) {
    world.server.psql(database, script).unwrap();
}

/// Both databases with `extensions`, whose tables are written by whom `grants` says; nothing where there is no PostGIS.
fn world(extensions: &str, grants: &str) -> Option<World> {
    let world = World::new("");
    let offered = "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'";
    if world.server.psql("postgres", offered).unwrap() == "0" {
        #[expect(clippy::print_stdout, reason = "nextest shows it: nothing is left out silently")]
        {
            println!("left out: PostGIS is not installed");
        }
        return None;
    }
    for database in ["source", "target"] {
        superuser(&world, database, extensions);
        superuser(&world, database, grants);
    }
    Some(world)
}

async fn copied(world: &World, way: &str) -> Result<(), Error> {
    let copy = world.copy_in_place("{}");
    match way {
        "live" => world.live(&copy).await?,
        _ => world.run(&copy).await?,
    };
    Ok(())
}

fn assert_same(world: &World) {
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}

#[tokio::test]
async fn tables_of_geometries_arrive_beside_what_the_platform_made() {
    let Some(world) = world("CREATE EXTENSION postgis", "") else { return };
    world.source(PLACES);
    for way in ["live", "archive"] {
        copied(&world, way).await.unwrap();
        assert_same(&world);
    }
    // A system of its own, that no role but the platform's may write, and what looks it up.
    superuser(
        &world,
        "source",
        "INSERT INTO spatial_ref_sys (srid, auth_name, proj4text)
         VALUES (910000, 'ours', '+proj=utm +zone=40 +datum=WGS84 +units=m');
         ALTER TABLE places ADD COLUMN flat geometry GENERATED ALWAYS AS (ST_Transform(at, 910000)) STORED;
         CREATE INDEX ON places USING gist (ST_Transform(at, 910000))",
    );
    let error = world.copy_in_place("{}").preflight_live(2).await.unwrap_err().to_string();
    assert!(error.contains("spatial_ref_sys of extension postgis"), "{error}");
    superuser(&world, "target", "GRANT ALL ON spatial_ref_sys TO target_user");
    // Again: the rows of the last copy are there.
    for way in ["live", "archive"] {
        copied(&world, way).await.unwrap();
        assert_same(&world);
    }
}

#[tokio::test]
async fn a_copy_is_built_beside_the_live_one() {
    let Some(world) = world("CREATE EXTENSION postgis", "") else { return };
    world.source(PLACES);
    let copy = FullCopy { publish: Publish::Swap, ..world.copy("{}") };
    for _ in 0..2 {
        world.live(&copy).await.unwrap();
        assert_same(&world);
    }
}

#[tokio::test]
async fn topologies_arrive_again_and_again() {
    let grants = "GRANT USAGE ON SCHEMA topology TO PUBLIC;
        GRANT ALL ON ALL TABLES IN SCHEMA topology TO PUBLIC;
        GRANT ALL ON ALL SEQUENCES IN SCHEMA topology TO PUBLIC";
    let Some(world) = world("CREATE EXTENSION postgis_topology CASCADE", grants) else { return };
    let city = format!("SET search_path = public, topology; {CITY}");
    world.source(&city);
    for way in ["live", "archive", "live"] {
        copied(&world, way).await.unwrap();
        assert_same(&world);
    }
}
