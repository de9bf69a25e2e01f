"""HTTP as a client, for probes and reverters alike: requests and answers as values, tokens, budgets, and no surprises.

`values` is what is said, `api` whom it is said to, `apis` makes them of the configuration. A failure is a value as well.
aiohttp is imported nowhere else among probes. Proxies of the environment, cookies and redirects are not followed.
"""
