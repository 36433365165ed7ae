"""The steps that make today's database out of any older one, and the runner.

Append-only: a step that has shipped is never edited. Version and step move in one transaction.
Imports nothing of ours.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x50425259
"""Marks a file as ours ("PBRY"), SQLite's own place for it."""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        # --- papers
        """CREATE TABLE papers (
            id INTEGER PRIMARY KEY,
            title TEXT NOT NULL,
            abstract TEXT NOT NULL,
            summary TEXT NOT NULL,
            keywords TEXT NOT NULL,      -- lists are joined with " ; "
            authors TEXT NOT NULL,
            organization TEXT NOT NULL,
            categories TEXT NOT NULL,
            url TEXT NOT NULL,
            arxiv_id TEXT,              -- unique by its key in identities
            version INTEGER,
            doi TEXT,
            published_at INTEGER,        -- every time is Unix seconds, every day ISO text
            repository TEXT,
            project_page TEXT,
            thumbnail TEXT,
            discussion TEXT,
            votes INTEGER,
            comments INTEGER,
            stars INTEGER,
            counted_at INTEGER,          -- when the counts above were seen
            listed_on TEXT,              -- the last day on which a feed announced it
            first_seen_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL
        )""",
        "CREATE INDEX papers_by_votes ON papers (votes DESC, listed_on DESC)",
        """CREATE TABLE identities (
            key TEXT PRIMARY KEY,
            paper_id INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE
        ) WITHOUT ROWID""",
        "CREATE INDEX identities_by_paper ON identities (paper_id)",
        """CREATE TABLE listings (
            paper_id INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
            feed TEXT NOT NULL,
            listed_on TEXT NOT NULL,
            announced INTEGER NOT NULL,  -- 0: an update of a known paper, never news
            first_seen_at INTEGER NOT NULL,
            PRIMARY KEY (paper_id, feed, listed_on)
        ) WITHOUT ROWID""",
        "CREATE INDEX listings_by_day ON listings (listed_on, paper_id) WHERE announced",
        """CREATE TABLE observations (
            paper_id INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
            seen_at INTEGER NOT NULL,
            votes INTEGER,
            comments INTEGER,
            stars INTEGER,
            PRIMARY KEY (paper_id, seen_at)
        ) WITHOUT ROWID""",
        # --- what papers are found by
        """CREATE VIRTUAL TABLE texts USING fts5 (
            title, abstract, summary, keywords,
            content='papers', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
        )""",
        # ";" is a token here, so that no phrase reaches from one name into the next.
        """CREATE VIRTUAL TABLE names USING fts5 (
            authors, organization, categories,
            content='papers', content_rowid='id', tokenize="unicode61 remove_diacritics 2 tokenchars ';'"
        )""",
        """CREATE TRIGGER papers_insert AFTER INSERT ON papers BEGIN
            INSERT INTO texts (rowid, title, abstract, summary, keywords)
            VALUES (new.id, new.title, new.abstract, new.summary, new.keywords);
            INSERT INTO names (rowid, authors, organization, categories)
            VALUES (new.id, new.authors, new.organization, new.categories);
        END""",
        """CREATE TRIGGER papers_delete AFTER DELETE ON papers BEGIN
            INSERT INTO texts (texts, rowid, title, abstract, summary, keywords)
            VALUES ('delete', old.id, old.title, old.abstract, old.summary, old.keywords);
            INSERT INTO names (names, rowid, authors, organization, categories)
            VALUES ('delete', old.id, old.authors, old.organization, old.categories);
        END""",
        """CREATE TRIGGER papers_update_texts AFTER UPDATE ON papers
        WHEN (old.title, old.abstract, old.summary, old.keywords)
          IS NOT (new.title, new.abstract, new.summary, new.keywords) BEGIN
            INSERT INTO texts (texts, rowid, title, abstract, summary, keywords)
            VALUES ('delete', old.id, old.title, old.abstract, old.summary, old.keywords);
            INSERT INTO texts (rowid, title, abstract, summary, keywords)
            VALUES (new.id, new.title, new.abstract, new.summary, new.keywords);
        END""",
        """CREATE TRIGGER papers_update_names AFTER UPDATE ON papers
        WHEN (old.authors, old.organization, old.categories)
          IS NOT (new.authors, new.organization, new.categories) BEGIN
            INSERT INTO names (names, rowid, authors, organization, categories)
            VALUES ('delete', old.id, old.authors, old.organization, old.categories);
            INSERT INTO names (rowid, authors, organization, categories)
            VALUES (new.id, new.authors, new.organization, new.categories);
        END""",
        # --- feeds
        """CREATE TABLE feeds (
            name TEXT PRIMARY KEY,
            first_at INTEGER,            -- its first successful reading
            polled_at INTEGER,
            succeeded_at INTEGER,
            next_poll_at INTEGER,
            failures INTEGER NOT NULL DEFAULT 0,
            error TEXT,
            entries INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
        """CREATE TABLE validators (
            url TEXT PRIMARY KEY,
            etag TEXT,
            last_modified TEXT,
            stored_at INTEGER NOT NULL
        ) WITHOUT ROWID""",
        # --- channels
        """CREATE TABLE channels (
            id INTEGER PRIMARY KEY,
            guild_id INTEGER NOT NULL,
            post_at TEXT NOT NULL,
            zone TEXT NOT NULL,
            days TEXT NOT NULL,          -- local weekdays, Monday is 0: "01234"
            size INTEGER NOT NULL,
            next_due INTEGER,            -- NULL while paused
            last_due INTEGER,
            paused TEXT,                 -- the reason, in words
            created_at INTEGER NOT NULL
        )""",
        "CREATE INDEX channels_by_due ON channels (next_due) WHERE next_due IS NOT NULL",
        "CREATE INDEX channels_by_guild ON channels (guild_id)",
        """CREATE TABLE topics (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- old buttons name it: never given twice
            channel_id INTEGER NOT NULL REFERENCES channels ON DELETE CASCADE,
            query TEXT NOT NULL COLLATE NOCASE,
            created_at INTEGER NOT NULL,
            UNIQUE (channel_id, query)
        )""",
        # --- the ledger
        """CREATE TABLE deliveries (
            id TEXT PRIMARY KEY,
            channel_id INTEGER NOT NULL REFERENCES channels ON DELETE CASCADE,
            kind TEXT NOT NULL,
            due_at INTEGER NOT NULL,
            claimed_at INTEGER NOT NULL,
            state TEXT NOT NULL,
            post TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_try_at INTEGER,
            message_id INTEGER
        ) WITHOUT ROWID""",
        "CREATE INDEX deliveries_open ON deliveries (next_try_at) WHERE state = 'claimed'",
        "CREATE UNIQUE INDEX deliveries_once ON deliveries (channel_id, due_at) WHERE kind = 'scheduled'",
        "CREATE INDEX deliveries_by_channel ON deliveries (channel_id, claimed_at)",
        """CREATE TABLE delivery_papers (
            delivery_id TEXT NOT NULL REFERENCES deliveries ON DELETE CASCADE,
            position INTEGER NOT NULL,
            channel_id INTEGER NOT NULL,
            paper_id INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
            shown INTEGER NOT NULL,      -- 0: behind the "n more" button
            PRIMARY KEY (delivery_id, position)
        ) WITHOUT ROWID""",
        "CREATE INDEX delivery_papers_by_paper ON delivery_papers (paper_id)",
        # The promise "announced to a channel at most once, ever", kept by the database itself.
        "CREATE UNIQUE INDEX delivery_papers_once ON delivery_papers (channel_id, paper_id) WHERE shown",
        """CREATE TABLE verdicts (
            channel_id INTEGER NOT NULL REFERENCES channels ON DELETE CASCADE,
            due_at INTEGER NOT NULL,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (channel_id, due_at)
        ) WITHOUT ROWID""",
        # --- small things
        """CREATE TABLE searches (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- as above
            query TEXT NOT NULL UNIQUE,
            asked_at INTEGER NOT NULL
        )""",
        "CREATE TABLE beats (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID",
    ),
    (
        """CREATE TABLE guilds (
            id INTEGER PRIMARY KEY,
            alerts_to INTEGER,           -- the channel that is told of trouble; NULL: the owner
            left_at INTEGER              -- since when the bot is not there any more
        )""",
        "ALTER TABLE channels ADD COLUMN alerted_at INTEGER",  # when somebody was told that digests fail
        "ALTER TABLE channels ADD COLUMN paused_by INTEGER",  # the person's id, where a person did it
        # The reason named the person by a display name.
        """UPDATE channels SET paused = 'by hand with /digest pause'
        WHERE paused LIKE 'by %' AND paused LIKE '% with /digest pause'""",
        "ALTER TABLE deliveries ADD COLUMN trouble TEXT",  # why the last try failed, in words
        "CREATE INDEX verdicts_by_due ON verdicts (due_at)",
    ),
    (
        # --- feeds that servers' admins added
        """CREATE TABLE guild_feeds (
            guild_id INTEGER NOT NULL,
            feed TEXT NOT NULL,          -- "added:" and the address
            address TEXT NOT NULL,       -- never one with credentials
            title TEXT NOT NULL,
            added_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, feed)
        ) WITHOUT ROWID""",
        "CREATE INDEX guild_feeds_by_feed ON guild_feeds (feed)",
        # --- how feeds are: what each list last held, which days' lists were had, which fields are always there
        """CREATE TABLE health (
            feed TEXT NOT NULL,
            category TEXT NOT NULL,      -- "" for the whole feed
            state TEXT NOT NULL,
            told TEXT NOT NULL,
            since INTEGER NOT NULL,
            day TEXT,
            entries INTEGER NOT NULL,
            new INTEGER NOT NULL,
            items INTEGER NOT NULL,
            repeats TEXT,
            PRIMARY KEY (feed, category)
        ) WITHOUT ROWID""",
        """CREATE TABLE batches (
            feed TEXT NOT NULL,
            category TEXT NOT NULL,
            day TEXT NOT NULL,
            entries INTEGER NOT NULL,
            items INTEGER NOT NULL,
            first_at INTEGER NOT NULL,
            whole INTEGER NOT NULL,      -- 0: something may be missing
            PRIMARY KEY (feed, category, day)
        ) WITHOUT ROWID""",
        """CREATE TABLE fields (
            feed TEXT NOT NULL,
            field TEXT NOT NULL,
            seen_on TEXT NOT NULL,       -- the last day on which every item had it
            PRIMARY KEY (feed, field)
        ) WITHOUT ROWID""",
        "ALTER TABLE feeds ADD COLUMN stalls INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE deliveries ADD COLUMN note TEXT NOT NULL DEFAULT ''",  # what its verdict adds about sources
        # All categories of arXiv are one feed now, whatever calls they are asked for in. What one of the calls
        # announced is announced, whatever another one said of it that day.
        """INSERT INTO listings SELECT paper_id, 'arxiv', listed_on, max(announced), min(first_seen_at)
        FROM listings WHERE feed LIKE 'arxiv:%' GROUP BY paper_id, listed_on
        ON CONFLICT DO UPDATE SET announced = max(announced, excluded.announced)""",
        "DELETE FROM listings WHERE feed LIKE 'arxiv:%'",
        """INSERT INTO feeds (name, first_at) SELECT 'arxiv', min(first_at) FROM feeds
        WHERE name LIKE 'arxiv:%' GROUP BY 1""",
        "DELETE FROM feeds WHERE name LIKE 'arxiv:%'",
        # Its days' lists were read when their papers were, not when this step was made.
        """INSERT INTO batches SELECT 'huggingface', '', listed_on, count(*), count(*), min(first_seen_at), 1
        FROM listings WHERE feed = 'huggingface' AND announced GROUP BY listed_on""",
        # Nothing is known yet of what a list holds: "not modified" would say nothing.
        "UPDATE validators SET etag = NULL, last_modified = NULL",
        # --- texts as people read them; what the source wrote, where it is LaTeX, stays beside them
        "ALTER TABLE papers ADD COLUMN written TEXT",  # JSON by column; NULL: nothing of it is otherwise
        """CREATE TABLE readings (
            reader INTEGER PRIMARY KEY,  -- which way of reading
            upto INTEGER NOT NULL        -- the last paper of an older one that was read again
        )""",
        # --- papers that only such a feed carries, and the keys under which each such feed knows its entries
        """CREATE TABLE private_papers (
            paper_id INTEGER PRIMARY KEY REFERENCES papers ON DELETE CASCADE,
            feed TEXT NOT NULL
        )""",
        "CREATE INDEX private_papers_by_feed ON private_papers (feed)",
        """CREATE TABLE claims (
            feed TEXT NOT NULL,
            key TEXT NOT NULL,           -- as in identities, of which these are no part
            paper_id INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
            strong INTEGER NOT NULL,
            PRIMARY KEY (feed, key)
        ) WITHOUT ROWID""",
        "CREATE INDEX claims_by_key ON claims (key)",
        "CREATE INDEX claims_by_paper ON claims (paper_id)",
        "CREATE INDEX listings_of_added ON listings (feed, listed_on) WHERE feed >= 'added:' AND feed < 'added;'",
        # --- addresses that were looked at, behind the buttons that add them
        """CREATE TABLE looks (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- old buttons name it: never given twice
            guild_id INTEGER NOT NULL,
            looked_at INTEGER NOT NULL,
            found TEXT NOT NULL          -- JSON: [address, title] of each feed
        )""",
        "CREATE INDEX looks_by_guild ON looks (guild_id, looked_at)",
    ),
    (
        # --- what answers are ranked by: an inverted file over title, abstract, summary and keywords
        """CREATE TABLE words (
            id INTEGER PRIMARY KEY,
            word TEXT NOT NULL UNIQUE,   -- as it stands in texts, in small letters, without accents
            stem TEXT NOT NULL,
            papers INTEGER NOT NULL
        )""",
        "CREATE INDEX words_by_stem ON words (stem)",
        """CREATE TABLE postings (
            word_id INTEGER NOT NULL,
            block INTEGER NOT NULL,      -- of 4,096 papers: id >> 12
            body BLOB NOT NULL,          -- (id & 4095: 2 bytes, times: 1), little-endian
            PRIMARY KEY (word_id, block)
        ) WITHOUT ROWID""",
        """CREATE TABLE lengths (
            block INTEGER PRIMARY KEY,   -- as above
            body BLOB NOT NULL           -- words of each paper: 2 bytes, little-endian; 0 where there is none
        )""",
        # The papers it has yet to take, with the texts by which it knows them; NULL for one that it does not know.
        """CREATE TABLE unranked (
            paper_id INTEGER PRIMARY KEY,
            title TEXT,
            abstract TEXT,
            summary TEXT,
            keywords TEXT
        )""",
        "INSERT INTO unranked (paper_id) SELECT id FROM papers",
        """CREATE TRIGGER unranked_insert AFTER INSERT ON papers BEGIN
            INSERT OR IGNORE INTO unranked (paper_id) VALUES (new.id);
        END""",
        """CREATE TRIGGER unranked_update AFTER UPDATE ON papers
        WHEN (old.title, old.abstract, old.summary, old.keywords)
          IS NOT (new.title, new.abstract, new.summary, new.keywords) BEGIN
            INSERT OR IGNORE INTO unranked VALUES (old.id, old.title, old.abstract, old.summary, old.keywords);
        END""",
        """CREATE TRIGGER unranked_delete AFTER DELETE ON papers BEGIN
            INSERT OR IGNORE INTO unranked VALUES (old.id, old.title, old.abstract, old.summary, old.keywords);
        END""",
        # --- what papers mean, where a model is there to tell
        """CREATE TABLE embeddings (
            paper_id INTEGER PRIMARY KEY REFERENCES papers ON DELETE CASCADE,
            model TEXT NOT NULL,         -- of which it is: others cannot be compared with it
            vector BLOB NOT NULL         -- its scale (float32), then a signed byte for each number, little-endian
        )""",
        "CREATE INDEX embeddings_by_model ON embeddings (model)",
        """CREATE TRIGGER embeddings_update AFTER UPDATE ON papers
        WHEN (old.title, old.abstract, old.summary) IS NOT (new.title, new.abstract, new.summary) BEGIN
            DELETE FROM embeddings WHERE paper_id = new.id;
        END""",
        """CREATE TABLE meaning (
            one INTEGER PRIMARY KEY,     -- 1: there is one row, or none where the option is off
            model TEXT,                  -- the one in use; NULL: none is
            trouble TEXT NOT NULL        -- why none is, in words
        )""",
        # --- what Hugging Face's search was asked, and what it answered
        """CREATE TABLE questions (
            id INTEGER PRIMARY KEY,
            guild_id INTEGER NOT NULL,   -- whose budget it is of
            asked_at INTEGER NOT NULL,
            question TEXT NOT NULL,
            papers TEXT                  -- JSON: their ids, best first; NULL: no answer came
        )""",
        "CREATE INDEX questions_by_time ON questions (asked_at)",
    ),
    (
        # --- which of a topic's papers are good enough, and what stood behind "n more" why
        "ALTER TABLE topics ADD COLUMN floor TEXT NOT NULL DEFAULT 'all'",
        "ALTER TABLE channels ADD COLUMN late_risers INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE delivery_papers ADD COLUMN held TEXT",  # by which rule, in words; NULL: it was shown
        # --- summaries by the operator's own model
        """CREATE TABLE rewritings (
            paper_id INTEGER PRIMARY KEY REFERENCES papers ON DELETE CASCADE,
            model TEXT NOT NULL,         -- its name
            text TEXT,                   -- NULL: what it said may not be shown
            why TEXT NOT NULL,           -- why not, in words
            at INTEGER NOT NULL
        )""",
        """CREATE TRIGGER rewritings_update AFTER UPDATE ON papers
        WHEN (old.title, old.abstract) IS NOT (new.title, new.abstract) BEGIN
            DELETE FROM rewritings WHERE paper_id = new.id;
        END""",
        """CREATE TABLE model_calls (
            day TEXT PRIMARY KEY,        -- of UTC
            calls INTEGER NOT NULL
        ) WITHOUT ROWID""",
        # --- a look back at the week, for channels that want one
        """CREATE TABLE round_ups (
            channel_id INTEGER PRIMARY KEY REFERENCES channels ON DELETE CASCADE,
            day INTEGER NOT NULL,        -- local weekday, Monday is 0
            post_at TEXT NOT NULL,
            next_due INTEGER,            -- NULL while its channel is paused
            last_due INTEGER
        )""",
        "CREATE INDEX round_ups_by_due ON round_ups (next_due) WHERE next_due IS NOT NULL",
        "CREATE UNIQUE INDEX deliveries_weekly_once ON deliveries (channel_id, due_at) WHERE kind = 'weekly'",
        # A digest and a round-up may be due at the same moment: each has its verdict.
        """CREATE TABLE verdicts_by_occasion (
            channel_id INTEGER NOT NULL REFERENCES channels ON DELETE CASCADE,
            due_at INTEGER NOT NULL,
            occasion TEXT NOT NULL DEFAULT 'digest',
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (channel_id, due_at, occasion)
        ) WITHOUT ROWID""",
        """INSERT INTO verdicts_by_occasion (channel_id, due_at, at, kind, text)
        SELECT channel_id, due_at, at, kind, text FROM verdicts""",
        "DROP TABLE verdicts",
        "ALTER TABLE verdicts_by_occasion RENAME TO verdicts",
        "CREATE INDEX verdicts_by_due ON verdicts (due_at)",
        # What a digest left out besides what its "n more" names.
        "ALTER TABLE deliveries ADD COLUMN beyond INTEGER NOT NULL DEFAULT 0",
    ),
    (
        # --- inboxes: a channel is a server's, or a person's. Of the latter guild_id is NULL, which equals no
        # server's. A column made anew, because SQLite cannot take NOT NULL back.
        "DROP INDEX channels_by_guild",
        "ALTER TABLE channels ADD COLUMN server INTEGER",
        "UPDATE channels SET server = guild_id",
        "ALTER TABLE channels DROP COLUMN guild_id",
        "ALTER TABLE channels RENAME COLUMN server TO guild_id",
        "ALTER TABLE channels ADD COLUMN person INTEGER CHECK ((person IS NULL) = (guild_id IS NOT NULL))",
        "CREATE INDEX channels_by_guild ON channels (guild_id)",
        "CREATE INDEX channels_by_person ON channels (person)",
    ),
)


class NotOurs(Exception):
    """The file is a database, but another program's."""


class TooNew(Exception):
    """The file was written by a newer Paperboy."""


def migrate(connection: sqlite3.Connection) -> int:
    """Bring the database up to date; returns its version. Expects autocommit mode.

    Raises NotOurs and TooNew before anything is written, and sqlite3.Error.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and (owner or version or tables):
        raise NotOurs
    if version > len(STEPS):
        raise TooNew
    for number, statements in enumerate(STEPS[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Two processes may start on one new file: the second finds the step done.
            if int(connection.execute("PRAGMA user_version").fetchone()[0]) < number:
                for statement in statements:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return len(STEPS)
