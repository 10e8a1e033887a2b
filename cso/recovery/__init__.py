"""Cases: from the OOPS to the fix that held."""
