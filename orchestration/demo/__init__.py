"""The demo company."""

from orchestration.demo.generate import DemoSummary, generate

__all__ = ["DemoSummary", "generate"]
