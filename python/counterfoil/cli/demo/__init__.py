"""`counterfoil demo`: eighteen months of a shop's real purchases, replayed as a loyalty programme."""
