"""The register of rules: what the company asks of customers and staff, who owns it, and since when."""
