-- Whether our role will own what any of the extensions $1 makes that are not there: its script is run by our role, where
-- it takes no superuser. NULL when all of them are there.
SELECT pg_catalog.bool_or(coalesce(r.rolsuper OR NOT v.superuser, false)) AS made_as_ours
FROM pg_catalog.unnest($1::text[]) AS missing (name)
JOIN pg_catalog.pg_roles r ON r.rolname = CURRENT_USER
LEFT JOIN pg_catalog.pg_available_extension_versions v USING (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = missing.name)
