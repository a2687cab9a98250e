"""The parts of the Debug page: for analytics engineers, and for those who are on call."""
