"""The cast of the tests. The servers are started by the plugin `tests.servers`."""

pytest_plugins = ["tests.cast"]
