"""One mail a week for each person, of what is theirs."""
