"""Probes that ask nobody: what others tell the daemon's webhook is what they judge."""
