"""ansible-core itself: the one module that knows its classes, and where its values lose their tags.

Input: an inventory path and a vault password file. Output: built-in Python values, or an error without any of their
text: ansible-core's own messages quote source lines, which may hold secrets.
"""

import contextlib
import io
import pathlib
import re
from collections.abc import Iterator

from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultHelper, VaultLib, VaultSecret, get_file_vault_secret, is_encrypted
from ansible.template import Templar
from ansible.vars.manager import VariableManager

from murenger.errors import ConfigError, SecretError

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ORIGIN = re.compile(r"^Origin: (?P<place>.+:[0-9]+)(?::[0-9]+)?$", re.MULTILINE)
_NOT_OPENED = re.compile(r"vault password must be specified|decryption failed|no vault secrets", re.IGNORECASE)
_ECHO = "check it with ansible-inventory --list"


class VaultEngine:
    """ansible-core's vault with one password.

    Args:
        password_file: file with the password, or an executable that prints it.

    Raises:
        SecretError: the password cannot be had.
    """

    def __init__(self, password_file: pathlib.Path) -> None:
        self.secrets = read_password(password_file)
        self._vault = VaultLib(self.secrets)

    def encrypt(self, content: bytes) -> bytes:
        """Return the content encrypted, in the 1.1 format that `ansible-vault` writes."""
        return bytes(self._vault.encrypt(content, secret=self.secrets[0][1]))

    def decrypt(self, content: bytes) -> bytes:
        """Return the content decrypted.

        Raises:
            SecretError: it is not a vault, it is damaged, or the password does not fit.
        """
        if not is_encrypted(content):
            raise SecretError("what should be a vault is not encrypted", hint="encrypt it with ansible-vault")
        try:
            return bytes(self._vault.decrypt(content))
        except AnsibleError as exc:
            raise SecretError(
                "the vault password does not fit, or the vault is damaged", hint="check vault_password_file"
            ) from exc


def read_password(password_file: pathlib.Path) -> list[tuple[str, VaultSecret]]:
    """Return the vault secrets as ansible-core wants them.

    Raises:
        SecretError: the file is missing, unreadable or empty, or the executable failed.
    """
    try:
        secret = get_file_vault_secret(filename=str(password_file), loader=DataLoader())
        secret.load()
    except (AnsibleError, OSError) as exc:
        raise SecretError(
            f"no vault password can be had from {password_file}",
            hint="it must be a file with the password, or an executable that prints it",
        ) from exc
    return [("default", secret)]


class _Manager(InventoryManager):  # type: ignore[misc]  # ansible-core ships no types
    """An inventory manager that remembers which sources it could not read, instead of warning about them."""

    def __init__(self, loader: DataLoader, source: str) -> None:
        self.unread: list[str] = []
        super().__init__(loader=loader, sources=[source])

    def parse_source(self, source: str, cache: bool = False) -> bool:  # noqa: FBT001, FBT002 - ansible-core's signature
        parsed = bool(super().parse_source(source, cache=cache))
        if not parsed:
            self.unread.append(str(source))
        return parsed


class InventoryEngine:
    """One inventory, read whole; inline vaults stay closed until a variable that needs them is asked for.

    Args:
        path: inventory file or folder.
        password_file: vault password file, or None.

    Raises:
        ConfigError: it is missing or cannot be read.
        SecretError: the vault password cannot be had.
    """

    def __init__(self, path: pathlib.Path, password_file: pathlib.Path | None) -> None:
        self._path = path
        self._loader = DataLoader()
        self._vault: VaultLib | None = None
        self._cache: dict[str, dict[str, object]] = {}
        if password_file is not None:
            secrets = read_password(password_file)
            self._vault = VaultLib(secrets)
            self._loader.set_vault_secrets(secrets)
        if not path.exists():
            raise ConfigError(f"there is no inventory {path}", hint="set inventory in murenger.yml, or give -i")
        with self._reading() as complaints:
            self._manager = _Manager(self._loader, str(path))
            self._variables = VariableManager(loader=self._loader, inventory=self._manager)
        if self._manager.unread:
            raise self._unreadable(complaints.getvalue(), self._manager.unread[0])

    def hosts(self) -> tuple[str, ...]:
        """Return the names of all hosts, in inventory order."""
        return tuple(str(name) for name in self._manager.hosts)

    def groups(self) -> tuple[str, ...]:
        """Return the names of all groups."""
        return tuple(str(name) for name in self._manager.groups)

    def groups_of(self, host: str) -> tuple[str, ...]:
        """Return the names of the groups that hold a host, sorted, without `all` and `ungrouped`."""
        groups = {str(group.name) for group in self._manager.hosts[host].get_groups()}
        return tuple(sorted(groups - {"all", "ungrouped"}))

    def value(self, host: str, name: str) -> str | bool | None:
        """Return a variable of a host, templates resolved and vaults opened, or None if it is not set.

        Raises:
            ConfigError: it is neither text, number nor true/false, its template fails, or its vault does not open.
        """
        variables = self._host_variables(host)
        raw = variables.get(name)
        if raw is None:
            return None
        try:
            if isinstance(raw, bool | int) or (isinstance(raw, str) and "{" not in raw):
                return _plain(raw)
            opened = self._opened(variables, name)
            with _quiet():
                return _plain(Templar(loader=self._loader, variables=opened).template(opened[name]))
        except AnsibleError as exc:
            raise ConfigError(
                f"variable {name} cannot be resolved ({type(exc).__name__})",
                device=host,
                hint=f"{_ECHO}; is every variable it names set, and vault_password_file right?",
            ) from exc
        except TypeError as exc:
            raise ConfigError(f"variable {name} is not plain text", device=host, hint="put quotes around it") from exc

    def _host_variables(self, host: str) -> dict[str, object]:
        if host not in self._cache:
            with self._reading():
                found = self._variables.get_vars(host=self._manager.hosts[host], include_hostvars=False)
            self._cache[host] = dict(found)
        return self._cache[host]

    def _opened(self, variables: dict[str, object], name: str) -> dict[str, object]:
        """Return the variables with those vaults opened that a variable's template could name, and no others."""
        opened = dict(variables)
        waiting, seen = [name], set()
        while waiting:
            word = waiting.pop()
            if word in seen or word not in opened:
                continue
            seen.add(word)
            texts: list[str] = []
            opened[word] = self._unlocked(opened[word], texts)
            waiting.extend(found for text in texts if "{" in text for found in _WORD.findall(text))
        return opened

    def _unlocked(self, value: object, texts: list[str]) -> object:
        """Return a value with each inline vault in it opened; `texts` collects its possible templates."""
        ciphertext = VaultHelper.get_ciphertext(value, with_tags=False)
        if ciphertext is not None and not isinstance(value, str):
            return self._decrypted(ciphertext)
        if isinstance(value, str):
            texts.append(value)
            return value
        if isinstance(value, dict):
            return {key: self._unlocked(item, texts) for key, item in value.items()}
        if isinstance(value, list):
            return [self._unlocked(item, texts) for item in value]
        return value

    def _decrypted(self, ciphertext: str) -> str:
        if self._vault is None:
            raise ConfigError("an inventory value is vaulted and no vault password is configured", hint=_VAULT_HINT)
        # What was in a vault is data: without a tag of trust it is never taken for a template.
        return bytes(self._vault.decrypt(ciphertext.encode("utf-8"))).decode("utf-8")

    @contextlib.contextmanager
    def _reading(self) -> Iterator[io.StringIO]:
        with _quiet() as complaints:
            try:
                yield complaints
            # Inventory plugins, and ansible-core itself, also raise bare exceptions.
            except Exception as exc:
                raise self._unreadable(f"{complaints.getvalue()}\n{exc}", str(self._path)) from exc

    def _unreadable(self, complaint: str, source: str) -> ConfigError:
        """Return the error that names the place; the complaint's other text may quote secrets."""
        if _NOT_OPENED.search(complaint):
            return ConfigError(f"a vaulted file of the inventory {self._path} does not open", hint=_VAULT_HINT)
        places = [match["place"] for match in _ORIGIN.finditer(complaint)]
        place = places[0] if places else source
        return ConfigError(
            f"the inventory cannot be read: {place}",
            hint=f"{_ECHO}; a host must not be called all or ungrouped, nor like a group",
        )


_VAULT_HINT = "set vault_password_file in murenger.yml to the password that encrypted it"


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    """Keep ansible-core's own warnings off the terminal: they quote inventory lines."""
    with contextlib.redirect_stderr(io.StringIO()) as complaints:
        yield complaints


def _plain(value: object) -> str | bool | None:
    """Return a template's result as a built-in value, rid of ansible-core's tags.

    Raises:
        TypeError: it is a list, a mapping, a float, a date or the like.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        return "".join(value)
    raise TypeError(type(value).__name__)
