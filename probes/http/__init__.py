"""The `http` probe: one request, and conditions on its answer."""
