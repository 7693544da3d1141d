"""`murenger evidence`: a pack of change records that somebody else can check without us.

Input: a period, perhaps devices, and where the pack is to go. Output: a folder or ZIP file, whole or not at all, and a
record that it was handed out. `murenger evidence disclose` opens one redacted value.
"""

import argparse
import datetime
import pathlib
from collections.abc import Iterator

from murenger import __version__
from murenger.adapters.files.disclosures import open_disclosure
from murenger.adapters.files.pack import PackFolder, copy_days, read_checkpoints, read_leaves, read_promise
from murenger.adapters.keys.trust_folder import site_trust
from murenger.cli import arguments, options
from murenger.cli.output import DRIFT, IN_SYNC, emit, say
from murenger.config import Settings, TimestampSinkSettings, WitnessSinkSettings
from murenger.errors import ConfigError, LedgerError, RecordError, TamperedError
from murenger.record.evidence.order import PackOrder, PackSource
from murenger.record.evidence.pack import Packed, fill_pack
from murenger.record.evidence.site import render_site
from murenger.record.evidence.view import VerificationView
from murenger.record.notices import Export
from murenger.record.predicate import RECORD_NAMESPACE
from murenger.record.verify import Code, Finding, verify_store
from murenger.secrets import escape_for_terminal
from murenger.wiring import Site

PACK_SCHEMA = "murenger.pack/1"
DISCLOSURE_SCHEMA = "murenger.disclosure/1"
_NOT_STATED = "not stated"


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("evidence", help="write an evidence pack for an auditor")
    arguments.add_site(parser)
    parser.add_argument("--from", dest="first", type=_day, metavar="DAY", help="first day, UTC, such as 2026-11-01")
    parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help="last day, UTC, inclusive")
    parser.add_argument("--out", type=pathlib.Path, metavar="PATH", help="a new folder, or a new file NAME.zip")
    parser.add_argument(
        "--device",
        action="append",
        default=[],
        metavar="NAME",
        help="narrow lists and pages to this device, repeatable; the sealed days are copied whole all the same",
    )
    parser.add_argument("--recipient", default="", metavar="TEXT", help="for whom; goes into the log")
    parser.add_argument("--purpose", default="", metavar="TEXT", help="what for; goes into the log")
    parser.add_argument("--force", action="store_true", help="write the pack although the log does not verify")
    parser.set_defaults(run=run)
    inner = parser.add_subparsers(dest="action", metavar="disclose")
    disclose = inner.add_parser("disclose", help="open one redacted value of a record, and show how it is checked")
    arguments.add_site(disclose)
    disclose.add_argument("record", type=int, metavar="NUMBER", help="the record that holds the redaction")
    disclose.add_argument("--digest", required=True, metavar="D", help="what the record has in place of the value")
    disclose.set_defaults(run=run_disclose)


def run(args: argparse.Namespace) -> int:
    """Write a pack."""
    first, last, out = _asked(args)
    site = options.site_of(args)
    _seal_finished(site, forced=args.force)
    verification = _verdict(site)
    if not verification.intact and not args.force:
        raise TamperedError(
            f"the log does not verify, so no pack is made of it: {verification.findings[0]}",
            hint="murenger verify names every fault; --force hands the log out with that verdict on it",
        )
    order = _order(args, site, first, last)

    def sign(content: bytes) -> str:
        return site.parts.signer.sign(content, namespace=RECORD_NAMESPACE)

    with PackFolder(out) as pack:
        source = _source(site, pack, order, verification)
        packed = fill_pack(pack.folder, order, source, pack, sign=sign, render=render_site)
        record = _record_export(site, order, packed, forced=args.force)
        pack.finish()
    for device in sorted(set(order.devices) - {record.device for record in packed.view.records}):
        say(f"murenger: no record of the period is about {device}")
    if not verification.intact:
        say("murenger: WARNING: the log does not verify; the pack says so")
    emit(args, text="\n".join(_lines(out, packed, record)), data=_data(out, packed, record))
    return IN_SYNC if verification.intact else DRIFT


def run_disclose(args: argparse.Namespace) -> int:
    """Open one redacted value."""
    site = options.site_of(args)
    found = open_disclosure(site.parts.ledger.folder, args.record, args.digest, decrypt=site.parts.vault.decrypt)
    say("murenger: what follows holds the value itself; give it only to whoever may know it")
    command = "openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '='"
    emit(
        args,
        text="\n".join(
            (
                f"record      {args.record}",
                f"name        {escape_for_terminal(found.name)}",
                f"value       {escape_for_terminal(found.value)}",
                f"disclosure  {found.text}",
                "It is the one that the record commits to if this prints the digest:",
                f"  printf %s '{found.text}' | {command}",
                f"  {found.digest}",
                "It opens to salt, name and value with:",
                f"  printf %s '{found.text}==' | tr '_-' '/+' | base64 -d",
            )
        ),
        data={
            "schema": DISCLOSURE_SCHEMA,
            "record": args.record,
            "digest": found.digest,
            "disclosure": found.text,
            "name": found.name,
            "value": found.value,
        },
    )
    return IN_SYNC


def _asked(args: argparse.Namespace) -> tuple[datetime.date, datetime.date, pathlib.Path]:
    if args.first is None or args.last is None or args.out is None:
        raise ConfigError("a pack needs --from, --to and --out", hint="murenger evidence --help")
    if args.first > args.last:
        raise ConfigError(f"the period ends before it begins: {args.first} to {args.last}")
    return args.first, args.last, args.out


def _order(args: argparse.Namespace, site: Site, first: datetime.date, last: datetime.date) -> PackOrder:
    return PackOrder(
        origin=site.settings.store.origin,
        period_from=first,
        period_to=last,
        devices=tuple(dict.fromkeys(args.device)),
        recipient=args.recipient,
        purpose=args.purpose,
        made_at=site.parts.clock.now(),
        version=__version__,
        heartbeat_s=read_promise(site.parts.ledger.folder) or site.settings.store.heartbeat_s,
    )


def _seal_finished(site: Site, *, forced: bool) -> None:
    """Let the journal begin writing, which seals the days that are over."""
    try:
        with site.journal.writing():
            pass
    except RecordError as error:
        if not forced:
            raise
        say(f"murenger: finished days could not be sealed: {error}")


def _verdict(site: Site) -> VerificationView:
    report = verify_store(site.parts.ledger.folder, trust=site_trust(site.settings))
    log = report.logs[0]
    # That nothing was observed for a while is what a pack is there to tell, and no reason to withhold it.
    gaps = [finding for finding in log.findings if finding.code is Code.GAP]
    faults = tuple(_told(finding) for finding in log.findings if finding.code is not Code.GAP)
    told = (f"murenger verify also names {len(gaps)} gap(s) in observation; gaps.csv lists them",) if gaps else ()
    return VerificationView(
        exit_code=report.exit_code,
        intact=not faults,
        at=site.parts.clock.now(),
        records=log.records,
        head_sequence=log.last,
        head_sha256=log.head_sha256,
        findings=faults,
        limits=(*log.limits, *told),
    )


def _told(finding: Finding) -> str:
    return f"{finding.code.value}: {finding.file}{': ' if finding.file else ''}{finding.text}"


def _source(site: Site, pack: PackFolder, order: PackOrder, verification: VerificationView) -> PackSource:
    ledger = site.parts.ledger.folder
    days, carried = copy_days(ledger, pack, first=f"{order.period_from}", last=f"{order.period_to}")
    checkpoints = read_checkpoints(ledger)
    return PackSource(
        days=days,
        carried=carried,
        trust=tuple(_trust(site)),
        leaves=read_leaves(ledger) if checkpoints else b"",
        checkpoints=checkpoints,
        verification=verification,
    )


def _trust(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield copies of what the log is to be judged by, for comparison with the auditor's own."""
    settings = site.settings
    try:
        yield "allowed_signers", settings.trust.read_bytes()
        roots = [sink.roots for sink in settings.anchors.sinks if isinstance(sink, TimestampSinkSettings)]
        if roots:
            yield "tsa-roots.pem", b"\n".join(path.read_bytes() for path in dict.fromkeys(roots))
        revoked = settings.trust.with_name("krl")
        if revoked.exists():
            yield "krl", revoked.read_bytes()
    except OSError as exc:
        raise LedgerError(f"{exc.filename} cannot be read: {exc.strerror}") from exc
    if site.parts.log_key is not None:
        yield "log.vkey", f"{site.parts.log_key.vkey}\n".encode("ascii")
    witnesses = _witness_keys(settings)
    if witnesses:
        yield "witness.vkeys", "".join(f"{key}\n" for key in witnesses).encode("ascii")


def _witness_keys(settings: Settings) -> tuple[str, ...]:
    return tuple(sink.key for sink in settings.anchors.sinks if isinstance(sink, WitnessSinkSettings))


def _record_export(site: Site, order: PackOrder, packed: Packed, *, forced: bool) -> int | None:
    """Record that the pack is handed out, before it appears; return the record's number."""
    export = Export(
        recipient=order.recipient or _NOT_STATED,
        purpose=order.purpose or _NOT_STATED,
        start=order.starts_at,
        end=order.ends_at,
        head_sha256=packed.head_sha256,
        devices=order.devices,
    )
    try:
        with site.journal.writing() as (recorder, _):
            record = recorder.exported(export, [("evidence/SHA256SUMS", packed.manifest_sha256)])
    except RecordError as error:
        if not forced:
            raise
        say(f"murenger: that the pack is handed out could not be recorded: {error}")
        return None
    site.watch.anchor_quietly()
    return record.sequence


def _lines(out: pathlib.Path, packed: Packed, record: int | None) -> Iterator[str]:
    view = packed.view
    yield f"pack       {escape_for_terminal(str(out))}"
    yield f"manifest   {packed.manifest_sha256}"
    yield f"records    {packed.head_sequence} is the newest, head {packed.head_sha256[:16]}"
    yield f"days       {len(view.days)}, {len(view.unsealed)} of them not sealed yet"
    yield f"incidents  {len(view.incidents)}, gaps {len(view.gaps)} (largest {view.largest_gap_s} s)"
    yield f"proofs     {packed.proofs}"
    yield f"recorded   {'no' if record is None else f'as record {record}'}"
    if view.devices:
        yield f"narrowed   lists and pages to {', '.join(view.devices)}; the days are whole, as their seals are"


def _data(out: pathlib.Path, packed: Packed, record: int | None) -> dict[str, object]:
    view = packed.view
    return {
        "schema": PACK_SCHEMA,
        "out": str(out),
        "manifest_sha256": packed.manifest_sha256,
        "head": {"number": packed.head_sequence, "sha256": packed.head_sha256},
        "days": [day.name for day in view.days],
        "unsealed_days": list(view.unsealed),
        "devices": list(view.devices),
        "incidents": len(view.incidents),
        "gaps": len(view.gaps),
        "largest_gap_s": view.largest_gap_s,
        "proofs": packed.proofs,
        "intact": view.verification.intact,
        "verification_exit_code": view.verification.exit_code,
        "export_record": record,
    }


def _day(text: str) -> datetime.date:
    """Return the day that an argument names.

    Raises:
        argparse.ArgumentTypeError: it names none.
    """
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.UTC).date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day, such as 2026-11-01") from None
