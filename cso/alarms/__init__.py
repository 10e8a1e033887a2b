"""Calendar work: something to do at an instant, kept in PostgreSQL, so that no lost message forgets it."""
