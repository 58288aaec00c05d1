//! The rows of an answer, a batch at a time.

use tokio::sync::mpsc;

use super::answer::{Answer, ItemCounts, ItemType, ReadError};
use super::convert::{Position, Row, row};
use super::error::Error;
use super::tables::Table;

/// Bytes of rows that make a batch.
const PIECE: usize = 256 * 1024;

/// Number of pieces that may wait for the database.
const WAITING: usize = 2;

/// A valid response and its content.
#[derive(Debug, Clone)]
pub(super) struct Content {
    answer: Answer,
    pub(super) tables: &'static [Table],
    /// Number of items of each table.
    pub(super) items: Vec<usize>,
}

/// Rows of one table, consecutive in the response.
#[derive(Debug)]
pub(super) struct RowBatch {
    /// The position of the table.
    pub(super) table: usize,
    pub(super) rows: Vec<Row>,
}

impl Content {
    /// Reads the response once, and logs what belongs to no known table.
    pub(super) async fn of(answer: Answer, secret: &str) -> Result<Self, Error> {
        let tables = answer.route.tables().map_err(Error::Description)?;
        let (counted_answer, secret) = (answer.clone(), secret.to_owned());
        let counting = move || counted_answer.count(tables, &secret);
        let ItemCounts { items, unknown } = in_background(counting).await?;
        for (name, documents) in unknown {
            tracing::warn!(
                documents,
                "The content API sends items of a type that is not known, {name:?}: they are left out"
            );
        }
        for (table, items) in tables.iter().zip(&items) {
            if *items == 0 {
                tracing::warn!(
                    table_name = table.name,
                    "The content API has no item of this table"
                );
            }
        }
        Ok(Self { answer, tables, items })
    }

    /// Its number of rows.
    pub(super) fn rows(&self) -> u64 {
        self.items.iter().sum::<usize>() as u64
    }

    /// Its rows. Types of items may take turns: each table has a batch of its own meanwhile.
    pub(super) fn batches(&self) -> mpsc::Receiver<Result<RowBatch, Error>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let content = self.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = content.send(&sender) {
                // Without a receiver, nobody needs it any longer.
                let _ = sender.blocking_send(Err(error));
            }
        });
        receiver
    }

    fn send(&self, sender: &mpsc::Sender<Result<RowBatch, Error>>) -> Result<(), Error> {
        let mut waiting: Vec<(Vec<Row>, usize)> = Vec::new();
        waiting.resize_with(self.tables.len(), Default::default);
        let send = |table, rows| {
            sender.blocking_send(Ok(RowBatch { table, rows })).map_err(|_| Error::Cancelled)
        };
        self.each_row(|table, row| {
            let (rows, bytes) = &mut waiting[table];
            *bytes += row.iter().flatten().map(|text| text.len() + 1).sum::<usize>();
            rows.push(row);
            if *bytes < PIECE {
                return Ok(());
            }
            *bytes = 0;
            send(table, std::mem::take(rows))
        })?;
        let mut rest = waiting.into_iter().enumerate().filter(|(_, (rows, _))| !rows.is_empty());
        rest.try_for_each(|(table, (rows, _))| send(table, rows))
    }

    fn each_row(&self, mut take: impl FnMut(usize, Row) -> Result<(), Error>) -> Result<(), Error> {
        let mut numbers = vec![0; self.tables.len()];
        let read = self.answer.each(self.tables, |of, item| {
            let ItemType::Table(place) = of else { return Ok(()) };
            numbers[place] += 1;
            let (table, number) = (&self.tables[place], numbers[place]);
            let position = Position { table, number, items: self.items[place] };
            take(place, row(item.get(), position)?)
        });
        read.map_err(|error| match error {
            ReadError::Item(error) => error,
            // It could be read just before.
            ReadError::Answer(reason) => Error::Spool(std::io::Error::other(reason)),
        })
    }

    /// The error that names the first two items of a table with this id.
    pub(super) async fn duplicate(&self, table: usize, id: String) -> Error {
        let content = self.clone();
        let finding = move || {
            let (mut number, mut found) = (0, Vec::new());
            content.each_row(|place, row| {
                if place == table {
                    number += 1;
                    if found.len() < 2 && row.first().is_some_and(|it| it.as_ref() == Some(&id)) {
                        found.push(number);
                    }
                }
                Ok(())
            })?;
            let [first, second] = found[..] else { return Err(Error::Cancelled) };
            let (table, id) = (content.tables[table].name.clone(), super::convert::shortened(&id));
            Ok(Error::DuplicateId { table, id, first, second })
        };
        match in_background(finding).await {
            Ok(error) | Err(error) => error,
        }
    }
}

/// Reading a file would block a thread of the runtime.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Spool(std::io::Error::other(error))),
    }
}
