"""The account behind the clients: its quotas, what its usage costs, and what runs in it."""
