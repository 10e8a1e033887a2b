"""Who is asking, and what the database lets them see: tenants, members, roles, keys, scope, isolation, audit."""
