"""The web application: the API under /api, and the built front end everywhere else."""
