#!/usr/bin/env python3
"""Lists and extracts EdgeBackup backups without EdgeBackup.

    edgebackup_reader.py list    --repository R KEY [--json]
    edgebackup_reader.py extract --repository R KEY BACKUP DEST

    KEY is one of  --passphrase-file F   --key-file F   --recovery-key K   (K "-": read it from standard input)

Needs Python 3.9 or later and two packages; on Debian: apt install python3-cryptography python3-brotli

This file follows docs/format.md ("the page" below) and shares no code with EdgeBackup. It only reads the repository:
it takes no lease, so let no Optimize-EdgeRepository run meanwhile, or work on a copy.

How a backup is found, from the outside in:

    keys/*.json  --your key-->  master key  --HKDF-->  one key for each use           class Keys
    backups/<folder>/<id>       a sealed record: who, when, and where the item list is   read_record
    the item list               JSON Lines, itself stored in chunks                      Backup
    chunks                      sealed pieces of up to 256 KiB inside packs              class Chunks

Exit codes: 0 all done; 1 something is wrong, and the last line on standard error says what; 2 wrong usage.
Memory stays small whatever the size of repository and backup: where chunks lie is kept in a temporary SQLite file
(in $SQLITE_TMPDIR, $TMPDIR or /var/tmp; 80 bytes or so a chunk), and of contents one chunk at a time is held.
"""

import argparse
import base64
import datetime
import errno
import hashlib
import hmac
import json
import os
import re
import sqlite3
import stat
import struct
import sys
from collections import OrderedDict

try:
    import brotli
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError as missing:
    sys.exit("error: %s; on Debian: apt install python3-cryptography python3-brotli, then run this with /usr/bin/python3"
             % missing)

FORMAT_VERSION = 2
SEAL_HEAD = 44           # magic 8, version 1, codec 1 (packs: zero), zero 2, salt 32
TAG = 16
RECOVERY_HEAD = struct.Struct("<8sHHIII4xI")   # magic, shards of data and of parity, block, shard, body, checksum
ENTRY = struct.Struct("<32sIIB")      # chunk id, stored length with its tag, raw length, codec
MAX_ROUNDS = 100_000_000              # key objects are plain: nobody shall keep us busy for days with one
FILE_PIECE = 1 << 20


class ReaderError(Exception):
    """Anything that ends in a one-line error and exit code 1."""


class Damaged(ReaderError):
    """An object, or a part of one, is not what was written."""


def plain(text):
    """Text from a repository for a terminal or a table: one line, no control characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in str(text))


# ---------------------------------------------------------------------------------------------------------------------
# Small tools of the format

def hkdf(key, info, salt=b""):
    """RFC 5869 with SHA-256, for 32 bytes of output: one round of Expand is enough. HMAC takes an empty salt for zeros."""
    extracted = hmac.new(salt or bytes(32), key, hashlib.sha256).digest()
    return hmac.new(extracted, info.encode() + b"\x01", hashlib.sha256).digest()


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def decompress(codec, data):
    if codec == 0:
        return data
    if codec != 1:
        raise Damaged("codec %d is not known to this reader" % codec)
    try:
        return brotli.decompress(data)
    except brotli.error:
        raise Damaged("the Brotli stream is broken")


def split_proof(data, member):
    """The bytes before ,"member":" and the 64 hex digits behind: how the header and key objects carry their proof."""
    head, mark, tail = data.rpartition(b',"' + member.encode() + b'":"')
    if not mark or not re.fullmatch(rb'[0-9a-f]{64}"}\n', tail):
        raise Damaged("it does not end in a %s" % member)
    return head, bytes.fromhex(tail[:64].decode())


def parse_json(data):
    try:
        value = json.loads(data.decode("utf-8"))
    except ValueError:
        raise Damaged("it is not JSON")
    if not isinstance(value, dict):
        raise Damaged("it is not a JSON object")
    return value


# ---------------------------------------------------------------------------------------------------------------------
# Objects: files in a folder

class Store:
    SEGMENT = re.compile(r"[a-z0-9_-][a-z0-9._-]*")

    def __init__(self, root):
        self.root = root
        if not os.path.isdir(root):
            raise ReaderError("there is no folder %s" % root)

    def path(self, name):
        return os.path.join(self.root, *name.split("/"))

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def names(self, folder):
        """The names right below a folder, sorted; those that no object can have are passed over."""
        try:
            found = os.listdir(self.path(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name for name in found if self.SEGMENT.fullmatch(name))


# ---------------------------------------------------------------------------------------------------------------------
# Keys

class Secret:
    """What the user holds, and how it becomes the key that wraps the master key in a key object of its kind."""

    def __init__(self, kind, text, value):
        self.kind, self.text, self.value = kind, text, value

    def wrapping_key(self, derivation, rounds, salt):
        if derivation == "pbkdf2-sha256" and self.kind == "passphrase":
            if not 1 <= rounds <= MAX_ROUNDS:
                raise Damaged("its number of rounds is absurd")
            return hashlib.pbkdf2_hmac("sha256", self.value, salt, rounds, 32)
        if derivation == "hkdf-sha256" and self.kind != "passphrase":
            return hkdf(self.value, "edgebackup/1/" + self.kind, salt)
        raise Damaged("its derivation %s is not known to this reader" % plain(derivation))

    @staticmethod
    def from_passphrase_file(path):
        """The passphrase as typed, UTF-8; one line end behind it and a byte order mark do not belong to it."""
        with open(path, "rb") as file:
            value = file.read()
        if value.startswith(b"\xef\xbb\xbf"):
            value = value[3:]
        if value.endswith(b"\n"):
            value = value[:-2] if value.endswith(b"\r\n") else value[:-1]
        if not value:
            raise ReaderError("%s holds no passphrase" % path)
        return Secret("passphrase", "passphrase", value)

    @staticmethod
    def from_key_file(path):
        with open(path, "rb") as file:
            data = file.read(4096)
        match = re.fullmatch(rb"edgebackup-key-1:([0-9a-f]{64}):([0-9a-f]{8})\s*", data)
        if not match:
            raise ReaderError("%s is not a key file of EdgeBackup" % path)
        key = bytes.fromhex(match[1].decode())
        if hashlib.sha256(b"edgebackup key file" + key).digest()[:4] != bytes.fromhex(match[2].decode()):
            raise ReaderError("the key file %s is damaged: its checksum does not fit" % path)
        return Secret("key-file", "key file", key)

    @staticmethod
    def from_recovery_key(text):
        alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        letters = re.sub(r"[-\s]", "", text).upper().translate(str.maketrans("OIL", "011"))
        if len(letters) != 36 or any(letter not in alphabet for letter in letters):
            raise ReaderError("that is not a recovery key: six groups of six letters and digits are expected")
        number = 0
        for letter in letters:
            number = number << 5 | alphabet.index(letter)
        key = (number >> 20).to_bytes(20, "big")
        digest = hashlib.sha256(b"edgebackup recovery key" + key).digest()
        if number & 0xFFFFF != int.from_bytes(digest[:3], "big") >> 4:
            raise ReaderError("there is a typing error in the recovery key: its last four letters do not fit the others")
        return Secret("recovery", "recovery key", key)


def unwrap_master_key(store, secret, belongs):
    """The master key from a key object that the secret fits; tells a wrong key from damaged key objects.

    A creation that was killed may have left key objects of a master key that never had a repository, perhaps under the
    same passphrase or key file. So one that opens is taken only where belongs(master key) says that it is ours.
    """
    kinds, damaged, wrong, strangers = set(), [], 0, 0
    names = [name for name in store.names("keys") if name.endswith(".json")]
    if not names:
        raise ReaderError("there are no key objects in %s" % store.path("keys"))
    for name in names:
        try:
            data = store.read("keys/" + name)
            head, checksum = split_proof(data, "checksum")
            if hashlib.sha256(head).digest() != checksum:
                raise Damaged("its checksum does not fit")
            key = parse_json(data)
            kinds.add(key["kind"])
            if key["kind"] != secret.kind:
                continue
            if key["version"] != 1:
                raise Damaged("its version %s is not known to this reader" % plain(key["version"]))
            wrapping = secret.wrapping_key(key["derivation"], key.get("rounds", 0),
                                           base64.b64decode(key["salt"], validate=True))
            wrapped = base64.b64decode(key["wrapped"], validate=True)
            if len(wrapped) != 12 + 32 + TAG:
                raise Damaged("its wrapped key has a wrong length")
            bound_to = "edgebackup key %s %s" % (key["id"], key["kind"])
            master = AESGCM(wrapping).decrypt(wrapped[:12], wrapped[12:], bound_to.encode())
            if belongs(master):
                return master
            strangers += 1
        except InvalidTag:
            wrong += 1
        except (Damaged, OSError, KeyError, TypeError, ValueError, OverflowError) as error:
            damaged.append("keys/%s (%s)" % (name, plain(error)))
    if strangers:
        raise Damaged("the %s is right, but repository.json (or, without it, each backup record) does not fit it: altered or"
                      " damaged (--without-header reads on without repository.json)" % secret.text)
    if damaged and not wrong:
        raise Damaged("no key object for this %s can be read; damaged: %s" % (secret.text, ", ".join(damaged)))
    if not wrong:
        raise ReaderError("wrong key: this repository has no %s; it has: %s" % (secret.text, ", ".join(sorted(map(plain, kinds)))))
    more = "" if not damaged else "; or its key object is damaged: " + ", ".join(damaged)
    raise ReaderError("wrong key: the %s opens no key object of this repository%s" % (secret.text, more))


class Keys:
    """The keys of the page's table that a reader needs."""

    def __init__(self, master):
        self.chunk_id = hkdf(master, "edgebackup/1/chunk-id")
        self.object = hkdf(master, "edgebackup/1/object")
        self.pack = hkdf(master, "edgebackup/1/pack")
        self.header = hkdf(master, "edgebackup/1/header")


# ---------------------------------------------------------------------------------------------------------------------
# The repository: header, sealed objects, backup records

class Repository:
    def __init__(self, root, secret, without_header=False):
        self.store = Store(root)
        header = None if without_header else self.read_header()
        self.keys = Keys(unwrap_master_key(self.store, secret(), lambda master: self.belongs(master, header)))

    def belongs(self, master, header):
        """Whether this is the repository's master key: the MAC of repository.json fits or, without it, a record opens."""
        self.keys = Keys(master)
        if header is not None:
            head, mac = header
            return hmac.compare_digest(hmac_sha256(self.keys.header, head), mac)
        names = self.backup_names()
        return not names or any(self.opens(name) for _, name in names)

    def opens(self, name):
        try:
            self.unseal(name)
            return True
        except (Damaged, OSError):
            return False

    def read_header(self):
        """The version is looked at before anything else: nothing is known about the bytes of a later one."""
        try:
            data = self.store.read("repository.json")
        except FileNotFoundError:
            raise ReaderError("%s is no repository: it has no repository.json (--without-header reads on without it)"
                              % self.store.root)
        try:
            version = parse_json(data).get("formatVersion")
            if not isinstance(version, int) or version < 1:
                raise Damaged("it has no format version")
            if version > FORMAT_VERSION:
                raise ReaderError("the repository has format version %d; this reader knows versions up to %d"
                                  % (version, FORMAT_VERSION))
            return split_proof(data, "mac")
        except Damaged as error:
            raise Damaged("repository.json is damaged: %s (--without-header reads on without it)" % error)

    def seal_key(self, head):
        """Checks the first 44 bytes of a sealed object; gives its key. A key is used once, so the nonce is zero."""
        if len(head) != SEAL_HEAD or head[:9] != b"EDGESEAL\x01":
            raise Damaged("it does not begin like a sealed object of version 1")
        return hkdf(self.keys.object, "edgebackup/1/object", head[12:SEAL_HEAD])

    def unseal(self, name):
        """The body of a small sealed object. The seal covers its name too: put at another's place it does not open."""
        data = self.store.read(name)
        head = data[:SEAL_HEAD]
        key = self.seal_key(head)
        try:
            body = AESGCM(key).decrypt(bytes(12), data[SEAL_HEAD:], head + name.encode())
        except (InvalidTag, ValueError):
            raise Damaged("its seal does not open")
        return decompress(head[9], body)

    def backup_names(self):
        """Pairs of id and object name, oldest first: ids begin with the time."""
        names = [(backup, "backups/%s/%s" % (folder, backup))
                 for folder in self.store.names("backups") for backup in self.store.names("backups/" + folder)]
        return sorted(names)

    def read_record(self, name):
        try:
            record = parse_json(self.unseal(name))
            for member in ("id", "device", "kind", "content", "created", "itemCount", "length", "manifest"):
                if member not in record:
                    raise Damaged("it has no %s" % member)
            return record
        except (Damaged, OSError) as error:
            raise Damaged("the backup record %s is damaged: %s" % (name, plain(error)))

    def find_backup(self, backup):
        """The record of an id; written FOLDER/ID where two devices should ever have the same id."""
        wanted = backup.lower()
        names = [name for id, name in self.backup_names() if wanted in (id, name[len("backups/"):])]
        if not names:
            raise ReaderError("there is no backup %s in this repository; list shows those there are" % plain(backup))
        if len(names) > 1:
            raise ReaderError("there are several backups %s; name one of: %s"
                              % (plain(backup), ", ".join(name[len("backups/"):] for name in names)))
        return self.read_record(names[0])


# ---------------------------------------------------------------------------------------------------------------------
# Chunks

class Chunks:
    """Finds, reads and proves chunks. Packs are read by range.

    Where chunks lie comes from the index objects, and from the directory at the end of each pack that none of them
    names. Should a chunk still not be found whole, all directories are read once, whatever the index says.
    """

    OPEN_PACKS = 32

    def __init__(self, repository):
        self.repository, self.store, self.keys = repository, repository.store, repository.keys
        self.notes = []                  # objects that could not be used, though nothing need be lost by it
        self.open_packs = OrderedDict()
        self.all_directories_read = False
        self.places = sqlite3.connect("")     # "": a temporary file, gone with the connection
        self.places.execute("CREATE TABLE packs (number INTEGER PRIMARY KEY, name TEXT UNIQUE)")
        self.places.execute("CREATE TABLE chunks (id BLOB, pack INTEGER, offset INTEGER, stored INTEGER, raw INTEGER, codec INTEGER)")
        self.load()
        self.places.execute("CREATE INDEX chunk_ids ON chunks (id)")

    # -- where chunks lie

    def load(self):
        known = set()
        for name in self.store.names("index"):
            try:
                known |= self.load_index("index/" + name, known)
            except (Damaged, OSError) as error:
                self.notes.append("index/%s is passed over: %s" % (name, plain(error)))
        for name in self.pack_names():
            if name not in known:
                self.load_directory(name)

    def pack_names(self):
        for folder in self.store.names("packs"):
            for name in self.store.names("packs/" + folder):
                if re.fullmatch(r"[0-9a-f]{64}", name) and name[:2] == folder:
                    yield name

    def load_index(self, name, known):
        """All of an index object or, if its tag does not fit, nothing: then the transaction is rolled back."""
        with self.places, open(self.store.path(name), "rb") as file:
            body = _SealedStream(self.repository, file, b"index")
            new = set()
            for _ in range(struct.unpack("<I", body.read(4))[0]):
                pack = body.read(32).hex()
                _, entries = struct.unpack("<II", body.read(8))
                rows = self.rows(pack, (body.read(ENTRY.size) for _ in range(entries)))
                if pack in known or pack in new:
                    for _ in rows:
                        pass
                else:
                    self.insert(pack, rows)
                    new.add(pack)
            body.finish()
            return new

    @staticmethod
    def body_size(file, size):
        """The size of a pack without its recovery section, which ends in a head that tells it. A wrong answer does no
        harm: the directory that is found by it opens or not."""
        file.seek(max(0, size - RECOVERY_HEAD.size))
        end = file.read(RECOVERY_HEAD.size)
        if len(end) == RECOVERY_HEAD.size and end.startswith(b"EDGERECV"):
            body = RECOVERY_HEAD.unpack(end)[5]
            if SEAL_HEAD + TAG + 16 <= body < size:
                return body
        return size

    def load_directory(self, pack):
        """The directory of a pack, found from the pack's end."""
        name = "packs/%s/%s" % (pack[:2], pack)
        try:
            with open(self.store.path(name), "rb") as file:
                size = self.body_size(file, file.seek(0, os.SEEK_END))
                file.seek(0)
                head = file.read(SEAL_HEAD)
                file.seek(max(0, size - 16))
                tail = file.read(16)
                key = self.pack_key(head)
                length, entries, end = struct.unpack("<II8s", tail.rjust(16))
                if end != b"EDGEPEND" or length != ENTRY.size * entries + TAG or SEAL_HEAD + length + 16 > size:
                    raise Damaged("its end is missing or damaged")
                file.seek(size - 16 - length)
                directory = AESGCM(key).decrypt(b"\xff" * 8 + bytes(4), file.read(length), head + tail)
            with self.places:
                self.insert(pack, self.rows(pack, (directory[at:at + ENTRY.size] for at in range(0, len(directory), ENTRY.size))))
        except (Damaged, InvalidTag, ValueError, OSError) as error:
            reason = "its directory does not open" if isinstance(error, InvalidTag) else plain(error)
            self.notes.append("%s cannot be used: %s" % (name, reason))

    @staticmethod
    def rows(pack, entries):
        """Entries with their offsets: the first chunk begins behind the head, each other one where the last ends."""
        offset = SEAL_HEAD
        for entry in entries:
            id, stored, raw, codec = ENTRY.unpack(entry)
            yield id, offset, stored, raw, codec
            offset += stored

    def insert(self, pack, rows):
        self.places.execute("INSERT OR IGNORE INTO packs (name) VALUES (?)", (pack,))
        number = self.places.execute("SELECT number FROM packs WHERE name = ?", (pack,)).fetchone()[0]
        self.places.executemany("INSERT INTO chunks VALUES (?, %d, ?, ?, ?, ?)" % number, rows)

    def copies(self, id):
        return self.places.execute("SELECT DISTINCT packs.name, offset, stored, raw, codec FROM chunks"
                                   " JOIN packs ON packs.number = chunks.pack WHERE id = ?", (id,)).fetchall()

    # -- reading them

    def pack_key(self, head):
        if len(head) != SEAL_HEAD or head[:9] not in (b"EDGEPACK\x01", b"EDGEPACK\x02"):
            raise Damaged("it does not begin like a pack of version 1 or 2")
        return hkdf(self.keys.pack, "edgebackup/1/pack", head[12:SEAL_HEAD])

    def open_pack(self, pack):
        if pack in self.open_packs:
            self.open_packs.move_to_end(pack)
            return self.open_packs[pack]
        file = open(self.store.path("packs/%s/%s" % (pack[:2], pack)), "rb")
        try:
            opened = file, AESGCM(self.pack_key(file.read(SEAL_HEAD)))
        except BaseException:
            file.close()
            raise
        self.open_packs[pack] = opened
        if len(self.open_packs) > self.OPEN_PACKS:
            self.open_packs.popitem(last=False)[1][0].close()
        return opened

    def close(self):
        for file, _ in self.open_packs.values():
            file.close()
        self.places.close()

    def read_copy(self, id, pack, offset, stored, raw, codec):
        file, cipher = self.open_pack(pack)
        file.seek(offset)
        sealed = file.read(stored)
        try:
            data = cipher.decrypt(struct.pack("<Q", offset) + bytes(4), sealed, id + struct.pack("<IB", raw, codec))
        except (InvalidTag, ValueError):
            raise Damaged("the seal does not open")
        data = decompress(codec, data)
        if len(data) != raw or hmac_sha256(self.keys.chunk_id, hashlib.sha256(data).digest()) != id:
            raise Damaged("the bytes are not those of its id")
        return data

    def read(self, id):
        """The bytes of a chunk, from the first good copy."""
        tried = {}
        while True:
            for copy in self.copies(id):
                if copy not in tried:
                    try:
                        return self.read_copy(id, *copy)
                    except FileNotFoundError:
                        tried[copy] = "packs/%s/%s is missing" % (copy[0][:2], copy[0])
                    except (Damaged, OSError) as error:
                        tried[copy] = "packs/%s/%s is damaged at byte %d: %s" % (copy[0][:2], copy[0], copy[1], plain(error))
            if self.all_directories_read:
                break
            self.all_directories_read = True
            for pack in self.pack_names():
                self.load_directory(pack)
        reasons = "; ".join(tried.values()) or "; ".join(["no pack holds it"] + self.notes)
        raise Damaged("chunk %s is lost: %s" % (id.hex(), reasons))


class _SealedStream:
    """Reads a sealed object in pieces. Nothing read is to be believed before finish() has returned."""

    def __init__(self, repository, file, bound_to):
        size = file.seek(0, os.SEEK_END)
        if size < SEAL_HEAD + TAG:
            raise Damaged("it is too short")
        file.seek(size - TAG)
        tag = file.read(TAG)
        file.seek(0)
        head = file.read(SEAL_HEAD)
        self.decryptor = Cipher(algorithms.AES(repository.seal_key(head)), modes.GCM(bytes(12), tag)).decryptor()
        self.decryptor.authenticate_additional_data(head + bound_to)
        self.decompressor = {0: None, 1: brotli.Decompressor()}.get(head[9], False)
        if self.decompressor is False:
            raise Damaged("codec %d is not known to this reader" % head[9])
        self.file, self.left, self.buffer, self.at = file, size - SEAL_HEAD - TAG, b"", 0

    def fill(self):
        piece = self.file.read(min(FILE_PIECE, self.left))
        if not piece:
            return False
        self.left -= len(piece)
        piece = self.decryptor.update(piece)
        try:
            piece = piece if self.decompressor is None else self.decompressor.process(piece)
        except brotli.error:
            raise Damaged("the Brotli stream is broken")
        self.buffer, self.at = self.buffer[self.at:] + piece, 0
        return True

    def read(self, count):
        while len(self.buffer) - self.at < count:
            if not self.fill():
                raise Damaged("it ends too early")
        self.at += count
        return self.buffer[self.at - count:self.at]

    def finish(self):
        while self.fill():
            self.at = len(self.buffer)
        try:
            self.decryptor.finalize()
        except InvalidTag:
            raise Damaged("its seal does not open")


# ---------------------------------------------------------------------------------------------------------------------
# A backup: its items and their contents

class Item:
    """One line of the item list."""

    TYPES = {None: "f", "d": "d", "l": "l"}

    def __init__(self, line):
        members = parse_json(line)
        self.path = members["p"]
        if not isinstance(self.path, str):
            raise ValueError("a path is no text")
        self.type = self.TYPES.get(members.get("t"))
        self.length = int(members.get("l", 0))
        self.modified = members.get("m")
        self.kind = members.get("k", "c")
        self.retain = members.get("r", "c")
        self.mode = members.get("u")
        self.read_only = members.get("o") is True
        self.target = members.get("x")
        self.container = members.get("c") is True
        self.digest = base64.b64decode(members["d"], validate=True) if "d" in members else None
        ids = base64.b64decode(members["b"], validate=True) if "b" in members else None
        self.chunks = None if ids is None else [ids[at:at + 32] for at in range(0, len(ids), 32)]

    def state(self):
        """What the record's state digest sees of the item."""
        fields = (self.path, self.type or "", self.kind, self.retain, "" if self.mode is None else str(self.mode),
                  self.target or "", self.digest.hex() if self.digest else "")
        encoded = [field.encode("utf-8", "surrogatepass") for field in fields]
        return b"".join(struct.pack("<I", len(field)) + field for field in encoded)

    def hostile(self):
        """Why this path must not be used, or None. EdgeBackup never writes such a path; a forger might."""
        if not self.path:
            return "it is empty"
        if "\0" in self.path:
            return "it holds a NUL"
        if self.path[0] in "/\\":
            return "it is absolute"
        if re.match(r"[A-Za-z]:([/\\]|$)", self.path):
            return "it begins with a drive letter"
        if "" in self.path.split("/"):
            return "it has an empty segment"
        # Elsewhere a backslash is a letter like others; on Windows it separates.
        if any(part in (".", "..") for part in re.split(r"[/\\]", self.path)):
            return "it has . or .. for a segment"
        return None


class Backup:
    def __init__(self, chunks, record):
        self.keys, self.chunks, self.record = chunks.keys, chunks, record
        try:
            manifest = record["manifest"]
            self.depth = int(manifest["depth"])
            self.roots = [bytes.fromhex(id) for id in manifest["chunks"]]
        except (KeyError, TypeError, ValueError):
            raise Damaged("the record of backup %s does not say where its item list is" % plain(record["id"]))

    def list_chunks(self, depth, ids):
        """Ids of the chunks that hold the item list itself. An id may lie across two chunks of a list of ids."""
        if depth == 0:
            yield from ids
            return
        rest = b""
        for id in self.list_chunks(depth - 1, ids):
            rest += self.chunks.read(id)
            whole = len(rest) - len(rest) % 32
            for at in range(0, whole, 32):
                yield rest[at:at + 32]
            rest = rest[whole:]
        if rest:
            raise Damaged("a list of chunks ends within an id")

    def items(self):
        """The items in order. The list is read as a stream; one line at a time is held."""
        try:
            parts = []
            for id in self.list_chunks(self.depth, self.roots):
                first, *others = self.chunks.read(id).split(b"\n")
                parts.append(first)
                for other in others:
                    yield Item(b"".join(parts))
                    parts = [other]
            if b"".join(parts):
                raise Damaged("it ends within a line")
        except (Damaged, KeyError, TypeError, ValueError) as error:
            raise Damaged("the item list of backup %s is damaged: %s" % (plain(self.record["id"]), plain(error)))

    def content(self, item):
        """The content of a file, chunk by chunk; length and SHA-256 are checked at the end."""
        ids = item.chunks
        if item.digest is None:
            raise Damaged("its list entry has no digest")
        if ids is None:
            ids = [hmac_sha256(self.keys.chunk_id, item.digest)] if item.length else []
        digest, length = hashlib.sha256(), 0
        for id in ids:
            data = self.chunks.read(id)
            digest.update(data)
            length += len(data)
            yield data
        if length != item.length or digest.digest() != item.digest:
            raise Damaged("its content has not the length or the SHA-256 that the item list names")


# ---------------------------------------------------------------------------------------------------------------------
# Writing items below a folder

class Destination:
    """Creates things below one folder.

    Every folder on the way is opened from its parent's descriptor without following links, and nothing that exists is
    opened for writing: whatever the item list says, nothing outside the folder can be touched.
    """

    FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)

    def __init__(self, path, later):
        if os.open not in os.supports_dir_fd:
            raise ReaderError("extract needs a Unix system; on Windows run it in the Linux subsystem")
        try:
            os.makedirs(path, mode=0o700)       # what a device keeps for itself shall not become public by a restore
        except FileExistsError:
            if not os.path.isdir(path):
                raise ReaderError("%s exists and is no folder" % path)
            if os.listdir(path):
                raise ReaderError("%s is not empty; name a new or empty folder" % path)
        self.root = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self.umask = os.umask(0)
        os.umask(self.umask)
        self.later = later      # folders get modes and times when their contents are there; kept in the temporary file
        later.execute("CREATE TABLE folders (depth INTEGER, path TEXT, mode INTEGER, modified INTEGER)")

    def folder(self, segments, create=True):
        """A descriptor of the folder, which is made with those above it where it is not there."""
        current = os.dup(self.root)
        for segment in segments:
            try:
                if create:
                    try:
                        os.mkdir(segment, 0o777, dir_fd=current)
                    except FileExistsError:
                        pass
                below = os.open(segment, self.FOLDER, dir_fd=current)
            finally:
                os.close(current)
            current = below
        return current

    def mode_of(self, item, default):
        """Owners are not in a backup: a set-user-id bit would come to mean another user, so those bits are dropped."""
        mode = default & ~self.umask if item.mode is None else item.mode & 0o1777
        return mode & ~0o222 if item.read_only else mode

    def write(self, item, content):
        *parents, name = [segment.encode("utf-8") for segment in item.path.split("/")]
        if item.type == "d":
            os.close(self.folder(parents + [name]))
            self.later.execute("INSERT INTO folders VALUES (?, ?, ?, ?)",
                               (len(parents), item.path, self.mode_of(item, 0o777), item.modified))
            return
        parent = self.folder(parents)
        try:
            if item.type == "l":
                os.symlink(item.target.encode("utf-8"), name, dir_fd=parent)
                if item.modified is not None:
                    os.utime(name, ns=(item.modified * 100,) * 2, dir_fd=parent, follow_symlinks=False)
            elif item.type == "f":
                self.write_file(parent, name, item, content)
            else:
                raise Damaged("its type is not known to this reader")
        finally:
            os.close(parent)

    def write_file(self, parent, name, item, content):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=parent)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for data in content:
                    while data:
                        data = data[file.write(data):]
                os.fchmod(descriptor, self.mode_of(item, 0o666))
                if item.modified is not None:
                    os.utime(descriptor, ns=(item.modified * 100,) * 2)     # from units of 100 ns
        except BaseException:
            os.unlink(name, dir_fd=parent)      # rather no file than half of one
            raise

    def finish(self):
        """Modes and times of folders, the deepest first: a folder may forbid entering it from now on."""
        for path, mode, modified in self.later.execute("SELECT path, mode, modified FROM folders ORDER BY depth DESC"):
            descriptor = self.folder([segment.encode("utf-8") for segment in path.split("/")], create=False)
            try:
                os.fchmod(descriptor, mode)
                if modified is not None:
                    os.utime(descriptor, ns=(modified * 100,) * 2)
            finally:
                os.close(descriptor)


# ---------------------------------------------------------------------------------------------------------------------
# The two commands

def utc(text):
    """An RFC 3339 time in UTC with milliseconds, whatever its offset and digits were."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", str(text))
    if not match:
        return plain(text)
    date, time, fraction, offset = match.groups()
    moment = datetime.datetime.fromisoformat("%s %s%s" % (date, time, "+00:00" if offset in "Zz" else offset))
    return "%s.%sZ" % (moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"), ((fraction or "") + "000")[:3])


def list_backups(repository, as_json):
    damaged, count = [], 0
    if not as_json:
        print("\t".join(("id", "device", "name", "kind", "content", "created", "items", "bytes")))
    for _, name in repository.backup_names():
        try:
            record = repository.read_record(name)
        except Damaged as error:
            damaged.append(str(error))
            continue
        row = OrderedDict(id=record["id"], device=record["device"], name=record.get("name"), kind=record["kind"],
                          content=record["content"], created=utc(record["created"]), items=record["itemCount"],
                          bytes=record["length"])
        if as_json:
            row.update((more, record.get(more)) for more in ("deviceName", "deviceType", "version", "notSaved"))
            print("%s%s" % (",\n" if count else "[", json.dumps(row)), end="")
        else:
            print("\t".join("" if value is None else plain(value) for value in row.values()))
        count += 1
    if as_json:
        print("]" if count else "[]")
    if damaged:
        raise Damaged("%d of %d backup records cannot be read: %s" % (len(damaged), len(damaged) + count, "; ".join(damaged)))


def check_list(backup):
    """Reads the whole item list before anything is written: all paths are fit to be used, and the list is that of the
    record. Gives a complaint where only the latter fails: whoever needs the files will want them all the same."""
    digest, count, length = hashlib.sha256(), 0, 0
    for item in backup.items():
        reason = item.hostile()
        if reason:
            raise ReaderError('nothing is extracted: the backup holds the hostile path "%s": %s' % (plain(item.path), reason))
        digest.update(item.state())
        count += not item.container
        length += item.length
    record = backup.record
    if digest.hexdigest() != record.get("stateDigest") or count != record["itemCount"] or length != record["length"]:
        return "everything could be read, but the item list does not fit the backup's record (state digest, count or length)"
    return None


def extract(repository, backup_id, destination):
    record = repository.find_backup(backup_id)
    chunks = Chunks(repository)
    try:
        extract_items(chunks, record, destination)
    finally:
        chunks.close()


def extract_items(chunks, record, destination):
    for note in chunks.notes:
        print("note: " + note, file=sys.stderr)
    backup = Backup(chunks, record)
    complaint = check_list(backup)
    target = Destination(destination, chunks.places)
    try:
        write_items(backup, target, complaint)
    finally:
        os.close(target.root)


def write_items(backup, target, complaint):
    count, length, failed = 0, 0, []
    for item in backup.items():
        content = backup.content(item) if item.type == "f" else None
        try:
            target.write(item, content)
            count += not item.container
            length += item.length
        except (Damaged, OSError, AttributeError, TypeError, ValueError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                raise
            # The others may still be whole, and somebody may need them badly.
            failed.append((item.path, error))
            print("not extracted\t%s\t%s" % (plain(item.path), plain(error)))
    target.finish()
    print("extracted\t%d items\t%d bytes" % (count, length))
    if failed:
        path, error = failed[0]
        others = "" if len(failed) == 1 else " (and %d others; standard output names all)" % (len(failed) - 1)
        raise ReaderError('not extracted: "%s": %s%s' % (plain(path), plain(error), others))
    if complaint:
        raise ReaderError(complaint)


def parse_arguments(arguments):
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--repository", required=True, metavar="R", help="the repository's folder")
    key = common.add_mutually_exclusive_group(required=True)
    key.add_argument("--passphrase-file", metavar="F", help="a file with the passphrase on one line")
    key.add_argument("--key-file", metavar="F", help="the key file")
    key.add_argument("--recovery-key", metavar="K", help="the recovery key; - reads it from standard input")
    common.add_argument("--without-header", action="store_true",
                        help="read although repository.json is missing or damaged; nothing in it is needed for reading")
    parser = argparse.ArgumentParser(description="Lists and extracts EdgeBackup backups without EdgeBackup.")
    commands = parser.add_subparsers(dest="command", required=True)
    lister = commands.add_parser("list", parents=[common], help="one line a backup, oldest first")
    lister.add_argument("--json", action="store_true", help="a JSON array instead of a table")
    extracter = commands.add_parser("extract", parents=[common], help="write a backup's items below a folder")
    extracter.add_argument("backup", metavar="BACKUP", help="the id that list shows")
    extracter.add_argument("destination", metavar="DEST", help="a new or empty folder")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")

    def secret():
        if options.passphrase_file is not None:
            return Secret.from_passphrase_file(options.passphrase_file)
        if options.key_file is not None:
            return Secret.from_key_file(options.key_file)
        return Secret.from_recovery_key(sys.stdin.readline() if options.recovery_key == "-" else options.recovery_key)

    try:
        repository = Repository(options.repository, secret, options.without_header)
        if options.command == "list":
            list_backups(repository, options.json)
        else:
            extract(repository, options.backup, options.destination)
        sys.stdout.flush()
        return 0
    except BrokenPipeError:         # somebody looked at the first lines only
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ReaderError as error:
        message = str(error)
    except OSError as error:
        message = "%s: %s" % (error.filename, error.strerror) if error.filename else str(error)
    except sqlite3.Error as error:
        message = "the temporary file of chunk places: %s" % error
    except KeyboardInterrupt:
        message = "stopped; what was extracted so far is whole"
    sys.stdout.flush()
    print("error: " + plain(message), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
