"""Collections: items with named designs, trades with royalties, journeys, and what a member takes along."""

from __future__ import annotations

from counterfoil.collections.collection import Collection, Issued, Journey, Trade
from counterfoil.collections.exit import ExitClaim, exit_bundle, verify_exit_bundle

__all__ = ["Collection", "ExitClaim", "Issued", "Journey", "Trade", "exit_bundle", "verify_exit_bundle"]
