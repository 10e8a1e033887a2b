"""The section "Listening": panels, what they are asked, what they said, and what is done about it."""
