"""`skeldir prove`: checks, evidence packs and their verification; it looks from outside, and nobody imports it."""
