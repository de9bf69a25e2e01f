"""What Prometheus may know."""

from daemon.metrics.observed import Metrics

__all__ = ["Metrics"]
