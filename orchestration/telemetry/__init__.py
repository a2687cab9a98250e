"""What operators see of runs from outside: metrics, traces and logs. No model reads any of it."""
