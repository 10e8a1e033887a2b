"""Forms of the committees: nominating, deliberating, voting, executing."""
