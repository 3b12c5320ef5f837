"""Collections: items with named designs, trades with royalties, journeys, and what a member takes along."""

from __future__ import annotations

from counterfoil.collections.collection import Collection, Issued, Journey, Trade

__all__ = ["Collection", "Issued", "Journey", "Trade"]
