//! Foreign keys whatever the order of the rows, and triggers.

use crate::load::common::{application, constraints, run_text};

const KEYS: &str = "
    CREATE TABLE a (id int PRIMARY KEY, b int, up int REFERENCES a);
    CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY IMMEDIATE);
    CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES a ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
    ALTER TABLE a ADD CONSTRAINT \"a to b\" FOREIGN KEY (b) REFERENCES b;
    COMMENT ON CONSTRAINT \"a to b\" ON a IS 'a circle';
    INSERT INTO b VALUES (1, NULL);
    ALTER TABLE b ADD COLUMN c int;
    ALTER TABLE b ADD CONSTRAINT not_valid FOREIGN KEY (c) REFERENCES c NOT VALID;
    CREATE TABLE p (id int PRIMARY KEY, a int REFERENCES a) PARTITION BY RANGE (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
    CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
    CREATE TABLE q (id int PRIMARY KEY, p int REFERENCES p);
";

const ROWS: &str = "
    COPY q (id, p) FROM stdin;\n1\t15\n\\.
    COPY p2 (id, a) FROM stdin;\n15\t2\n\\.
    COPY p1 (id, a) FROM stdin;\n5\t1\n\\.
    INSERT INTO c VALUES (1, 2);
    INSERT INTO b VALUES (1, 2, 1);
    INSERT INTO a VALUES (1, 1, 2);
    INSERT INTO a VALUES (2, NULL, 1);
";

#[tokio::test]
async fn circles_and_rows_before_those_they_refer_to() {
    let world = application();
    world.target(KEYS);
    let before = constraints(&world);
    run_text(&world, ROWS).await.unwrap();
    assert_eq!(constraints(&world), before);
    assert_eq!(
        world.target("SELECT * FROM a; SELECT * FROM p; SELECT * FROM q"),
        "1|1|2\n2||1\n5|1\n15|2\n1|15"
    );
    // Still enforced, at once.
    let violated = "DO $$ BEGIN INSERT INTO q VALUES (9, 99); RAISE 'not enforced';
        EXCEPTION WHEN foreign_key_violation THEN NULL; END $$";
    world.target(violated);
}

#[tokio::test]
async fn a_key_that_the_rows_break_is_named() {
    let world = application();
    world.target(KEYS);
    let before = crate::load::common::state(&world);
    for (row, broken, key) in [
        ("INSERT INTO a VALUES (1, 1, 2);", "INSERT INTO a VALUES (1, 1, 7);", "a_up_fkey"),
        ("15\t2\n", "15\t9\n", "p_a_fkey"),
        ("INSERT INTO c VALUES (1, 2);", "INSERT INTO c VALUES (1, 8);", "c_a_fkey"),
    ] {
        let error = run_text(&world, &ROWS.replace(row, broken)).await.unwrap_err().to_string();
        assert!(error.contains(key) && error.contains("is not present"), "{error}");
        assert_eq!(crate::load::common::state(&world), before);
    }
}

#[tokio::test]
async fn triggers_do_not_fire_and_keep_their_state() {
    let world = application();
    world.target(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN IF TG_OP = 'TRUNCATE' THEN RAISE 'truncated'; END IF; NEW.body = 'spoilt'; RETURN NEW; END $$;
         CREATE TABLE p (id int, body text) PARTITION BY LIST (id);
         CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
         CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
         CREATE TRIGGER of_p BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION spoil();
         ALTER TABLE p2 DISABLE TRIGGER of_p;
         CREATE TRIGGER usual BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION spoil();
         CREATE TRIGGER \"al ways\" BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION spoil();
         ALTER TABLE message ENABLE ALWAYS TRIGGER \"al ways\";
         CREATE TRIGGER replica BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION spoil();
         ALTER TABLE message ENABLE REPLICA TRIGGER replica;
         CREATE TRIGGER off BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION spoil();
         ALTER TABLE message DISABLE TRIGGER off;
         CREATE TRIGGER emptied BEFORE TRUNCATE ON message EXECUTE FUNCTION spoil();",
    );
    let before = constraints(&world);
    run_text(
        &world,
        "INSERT INTO message (id, body) VALUES (1, 'a'); INSERT INTO p VALUES (1, 'b'), (2, 'c')",
    )
    .await
    .unwrap();
    assert_eq!(world.target("SELECT body FROM message; SELECT body FROM p ORDER BY 1"), "a\nb\nc");
    assert_eq!(constraints(&world), before);
}
