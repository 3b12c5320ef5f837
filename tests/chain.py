"""A chain in this process, py-evm under eth-tester, and contracts on it that are called without a transaction."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from eth.vm.message import Message
from eth.vm.transaction_context import BaseTransactionContext
from eth_abi import decode
from eth_utils import to_canonical_address
from web3 import EthereumTesterProvider, Web3

FOLDER = Path(__file__).resolve().parents[1] / "clients/evm"
_GAS = 10**8
_NOBODY = b"\x01" * 20
_ERROR = bytes.fromhex("08c379a0")


def build() -> Any:
    """The script that compiles the contracts, as a module."""
    spec = importlib.util.spec_from_file_location("evm_build", FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class RefusedError(Exception):
    """A call reverted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Chain:
    """A chain of its own. Every transaction is in a block at once."""

    def __init__(self) -> None:
        self.provider = EthereumTesterProvider()
        self.w3 = Web3(self.provider)
        self.sender = self.w3.eth.accounts[0]

    @property
    def time(self) -> int:
        """Of the latest block, seconds."""
        return self.w3.eth.get_block("latest")["timestamp"]

    def travel(self, seconds: int) -> None:
        """Let so much time pass."""
        self.provider.ethereum_tester.time_travel(self.time + seconds)
        self.provider.ethereum_tester.mine_block()

    def deploy(self, artefact: dict[str, Any], *arguments: object) -> Any:
        """A contract, from its ABI and bytecode."""
        made = self.w3.eth.contract(abi=artefact["abi"], bytecode=artefact["bytecode"])
        sent = made.constructor(*arguments).transact({"from": self.sender})
        address = self.w3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
        return self.w3.eth.contract(address=address, abi=artefact["abi"])

    def call(self, contract: Any, name: str, *arguments: object) -> tuple[Any, ...]:
        """What a call returns, by the virtual machine alone: a quarter of the time that a node takes for it.

        Raises:
            RefusedError: It reverts.
        """
        data = bytes.fromhex(contract.encode_abi(name, list(arguments))[2:])
        [abi] = [each for each in contract.abi if each.get("name") == name]
        return decode([_type(each) for each in abi["outputs"]], self.run(contract.address, data)[0])

    def run(self, address: str, data: bytes) -> tuple[bytes, int]:
        """What a call with this data returns, and the gas that it took without that of a transaction.

        Raises:
            RefusedError: It reverts.
        """
        state = self.provider.ethereum_tester.backend.chain.get_vm().state
        to = to_canonical_address(address)
        message = Message(gas=_GAS, to=to, sender=_NOBODY, value=0, data=data, code=state.get_code(to))
        context = BaseTransactionContext(gas_price=1, origin=_NOBODY)
        done = state.computation_class.apply_message(state, message, context)
        if done.is_error:
            output = done.output
            raise RefusedError(decode(["string"], output[4:])[0] if output[:4] == _ERROR else "reverted")
        return done.output, done.get_gas_used()


def _type(output: dict[str, Any]) -> str:
    if output["type"] == "tuple":
        return "(" + ",".join(_type(each) for each in output["components"]) + ")"
    return output["type"]
