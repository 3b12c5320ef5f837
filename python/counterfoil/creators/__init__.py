"""A creator's coin: launched, given, sold and vested, and gates and perks for those who have it."""

from __future__ import annotations

from counterfoil.creators.coin import Coin, Vested, Vesting
from counterfoil.creators.gate import Decision, Gate
from counterfoil.creators.perks import Grant, Perk, Perks

__all__ = ["Coin", "Decision", "Gate", "Grant", "Perk", "Perks", "Vested", "Vesting"]
