"""How tieout is run in production; `README.md` beside this tells."""
