//! Division of the objects to drop into transactions: one, unless the server cannot take that many locks.

use std::collections::HashMap;

use tokio_postgres::Row;

use crate::Error;
use crate::full_copy::object_catalog::Droppable;
use crate::postgres::connection::Connection;

const LOCKS: &str = include_str!("../../../sql/drop_locks.sql");

/// Whether the server's lock table has room to drop `objects` and move as many new ones in one transaction.
pub(crate) async fn can_be_replaced(
    connection: &Connection,
    objects: &[Droppable],
) -> Result<bool, Error> {
    let (classes, oids): (Vec<u32>, Vec<u32>) =
        objects.iter().map(|one| (one.class, one.oid)).unzip();
    let rows = connection
        .query(LOCKS, &[&classes, &oids])
        .await
        .map_err(|error| connection.error("count the locks that a publication takes", &error))?;
    let fits = |row: &Row| 2 * row.get::<_, i64>("total") <= row.get::<_, i64>("capacity");
    Ok(rows.first().is_none_or(fits))
}

/// One part if the server's lock table has room for it, otherwise parts that use at most half of the room.
pub(super) async fn divide(
    connection: &Connection,
    objects: Vec<Droppable>,
) -> Result<Vec<Vec<Droppable>>, Error> {
    let (classes, oids): (Vec<u32>, Vec<u32>) =
        objects.iter().map(|one| (one.class, one.oid)).unzip();
    let rows = connection
        .query(LOCKS, &[&classes, &oids])
        .await
        .map_err(|error| connection.error("count the locks that the drop takes", &error))?;
    let Some(first) = rows.first() else { return Ok(vec![objects]) };
    let (total, capacity): (i64, i64) = (first.get("total"), first.get("capacity"));
    if total <= capacity {
        return Ok(vec![objects]);
    }
    let locks: HashMap<(u32, u32), i64> =
        rows.iter().map(|row| ((row.get("classid"), row.get("objid")), row.get("locks"))).collect();
    Ok(pack(objects, capacity / 2, |one| locks.get(&(one.class, one.oid)).copied().unwrap_or(1)))
}

fn pack<T>(objects: Vec<T>, room: i64, locks: impl Fn(&T) -> i64) -> Vec<Vec<T>> {
    let mut parts = vec![Vec::new()];
    let mut taken = 0;
    for object in objects {
        let its = locks(&object);
        if taken > 0 && taken + its > room {
            parts.push(Vec::new());
            taken = 0;
        }
        taken += its;
        if let Some(part) = parts.last_mut() {
            part.push(object);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_room_unless_one_object_takes_it_all() {
        let locks = [3, 3, 3, 20, 1, 9, 1];
        let parts = pack((0..locks.len()).collect(), 10, |one| locks[*one]);
        assert_eq!(parts, [vec![0, 1, 2], vec![3], vec![4, 5], vec![6]]);
        assert_eq!(pack(Vec::<u8>::new(), 10, |_| 1), [Vec::<u8>::new()]);
    }
}
