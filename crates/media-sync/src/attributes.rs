//! Attributes of objects that are preserved.

use object_store::{Attribute, Attributes};

use crate::Kind;

/// The attributes to write an object with, from those of the source object.
///
/// The storage class is not preserved: its names differ between stores, and a copy for staging should not
/// be in an archive. A directory has only bytes; the type is then derived from the extension.
pub(crate) fn kept(read: &Attributes, key: &str, target: Kind) -> Attributes {
    if target == Kind::File {
        return Attributes::new();
    }
    let mut kept: Attributes = read
        .iter()
        .filter(|(attribute, _)| **attribute != Attribute::StorageClass)
        .map(|(attribute, value)| (attribute.clone(), value.clone()))
        .collect();
    if kept.get(&Attribute::ContentType).is_none()
        && let Some(guessed) = mime_guess::from_path(key).first_raw()
    {
        kept.insert(Attribute::ContentType, guessed.into());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_kept_or_guessed_and_the_class_stays() {
        let read = Attributes::from_iter([
            (Attribute::CacheControl, "max-age=60"),
            (Attribute::StorageClass, "GLACIER"),
            (Attribute::Metadata("owner".into()), "me"),
        ]);
        let found = kept(&read, "a/photo.JPG", Kind::S3);
        assert_eq!(found.len(), 3);
        assert_eq!(found.get(&Attribute::ContentType).unwrap().as_ref(), "image/jpeg");
        assert!(found.get(&Attribute::StorageClass).is_none());
        let typed = Attributes::from_iter([(Attribute::ContentType, "text/x-own")]);
        let found = kept(&typed, "photo.jpg", Kind::Google);
        assert_eq!(found.get(&Attribute::ContentType).unwrap().as_ref(), "text/x-own");
        assert!(kept(&read, "a/photo.jpg", Kind::File).is_empty());
        assert!(kept(&Attributes::new(), "photo", Kind::S3).is_empty());
    }
}
