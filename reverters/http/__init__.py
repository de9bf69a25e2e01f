"""The step kind `http`: one object of any API, restored by a declarative definition (`config.steps.HttpStep`)."""
