-- A small shop. `make quickstart` makes shop.db of it; any SQLite does: sqlite3 shop.db < shop.sql
PRAGMA foreign_keys = ON;
BEGIN;

CREATE TABLE brand (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  country  TEXT NOT NULL,
  founded  DATE,
  homepage TEXT
);
INSERT INTO brand (id, name, country, founded, homepage) VALUES
  ( 1, 'Tastenwerk',       'DE', '1998-04-01', 'https://tastenwerk.example'),
  ( 2, 'Ørsted & Søn',     'DK', '1921-09-15', 'https://orsted-son.example'),
  ( 3, 'Kōbō 工房',         'JP', '1987-01-20', NULL),
  ( 4, 'Fjällnära',        'SE', '2004-06-06', 'https://fjallnara.example'),
  ( 5, 'Atelier Élodie',   'FR', '2011-11-11', 'https://elodie.example'),
  ( 6, 'Łódzka Manufaktura', 'PL', NULL,       'https://manufaktura.example'),
  ( 7, 'Brennan "Bren" Bros.', 'IE', '1976-03-17', NULL),
  ( 8, 'Casa Muñoz',       'ES', '1963-05-02', 'https://casamunoz.example'),
  ( 9, 'Nordlys',          'NO', '2016-12-21', 'https://nordlys.example'),
  (10, 'Verde\Vivo',       'IT', '2009-08-30', NULL),
  (11, 'Halas Kereskedés', 'HU', NULL,         NULL),
  (12, 'Pixel & Pine',     'CA', '2019-02-14', 'https://pixelpine.example');

CREATE TABLE product (
  sku        TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  price      DECIMAL(10, 2) NOT NULL,
  brand_id   INTEGER REFERENCES brand (id),
  category   TEXT NOT NULL,
  in_stock   BOOLEAN NOT NULL,
  weight_g   INTEGER,
  released   DATE,
  attributes JSON
);
INSERT INTO product (sku, name, price, brand_id, category, in_stock, weight_g, released, attributes) VALUES
  ('KB-75-ISO',   'Compact keyboard, ISO',        129.95,  1, 'keyboards', 1,  840, '2023-02-01', '{"switches":"tactile","layout":"ISO-DE"}'),
  ('KB-75-ANSI',  'Compact keyboard, ANSI',       129.95,  1, 'keyboards', 0,  835, '2023-02-01', '{"switches":"tactile","layout":"ANSI"}'),
  ('KB-NUM',      'Number pad',                    49.5,   1, 'keyboards', 1,  310, '2024-05-13', NULL),
  ('LAMP-03',     'Desk lamp “Lysning”',           89,     2, 'lighting',  1, 1400, '2019-10-10', '{"lumen":806,"colours":["black","oak"]}'),
  ('LAMP-04',     'Reading lamp',                  64.9,   9, 'lighting',  1,  900, '2021-01-15', '{"lumen":470,"colours":["white"]}'),
  ('CUP-JP-1',    '湯のみ (tea cup)',               24,     3, 'kitchen',   1,  180, '2015-03-03', NULL),
  ('CUP-JP-2',    '急須 (tea pot)',                 78.4,   3, 'kitchen',   1,  620, '2015-03-03', '{"volume_ml":400}'),
  ('PACK-40',     'Rucksack 40 l',                159,     4, 'outdoor',   1, 1250, '2022-04-22', '{"volume_l":40,"waterproof":true}'),
  ('PACK-22',     'Rucksack 22 l',                109,     4, 'outdoor',   0,  890, '2022-04-22', '{"volume_l":22,"waterproof":true}'),
  ('NOTE-A5',     'Notebook A5, dotted',           12.5,   5, 'paper',     1,  260, '2018-08-01', NULL),
  ('NOTE-A4',     'Notebook A4, squared',          18.75,  5, 'paper',     1,  480, '2018-08-01', NULL),
  ('CHAIR-ŁÓ',    'Krzesło dębowe',               249.99,  6, 'furniture', 1, 6800, NULL,         '{"material":"oak"}'),
  ('MUG-BREN',    'Mug "Bren"',                     9.99,  7, 'kitchen',   1,  340, '2020-07-07', NULL),
  ('OIL-MZ',      'Aceite de oliva, 1 l',          17.2,   8, 'kitchen',   1, 1010, '2024-11-30', '{"origin":"Jaén","organic":true}'),
  ('PIN-TREE',    'Enamel pin',                     4.5,  12, 'gifts',     1,    8, '2023-12-01', NULL),
  ('GIFT-25',     'Gift card',                     25,   NULL, 'gifts',    1, NULL, NULL,         NULL);

CREATE TABLE account (
  id         INTEGER PRIMARY KEY, -- larger than 2^53: whatever reads it as a double mixes up neighbours
  full_name  TEXT NOT NULL,
  email      TEXT,
  segment    TEXT NOT NULL,
  credit     DECIMAL(12, 2) NOT NULL,
  newsletter BOOLEAN,
  created_at TIMESTAMP NOT NULL
);
INSERT INTO account (id, full_name, email, segment, credit, newsletter, created_at) VALUES
  (9007199254740992, 'Søren Kjær',          'soren@example.net',    'private',   0,       1,    '2021-03-02 08:15:00'),
  (9007199254740993, 'Ana María Ibáñez',    'ana@example.org',      'business',  1250.5,  0,    '2019-07-19 17:42:31'),
  (9007199254740994, '山田 花子',             'hanako@example.jp',    'private',   12.25,   1,    '2022-01-01 00:00:00'),
  (9007199254740995, 'Zoë O’Hara',          NULL,                   'private',   0,       NULL, '2023-10-29 01:30:00'),
  (9007199254741001, 'Łukasz Żak',          'lukasz@example.pl',    'business',  300,     1,    '2018-12-24 12:00:00'),
  (9007199254741002, 'Müller & Söhne GmbH', 'einkauf@example.de',   'wholesale', 98765.43, 0,   '2015-05-05 09:00:00'),
  (9007199254741003, 'Olúwáṣeun Adé',       'seun@example.com',     'private',   5,       1,    '2024-02-29 23:59:59'),
  (9007199254741004, 'Jean-Luc Hébert',     'jl@example.ca',        'private',   0,       0,    '2020-06-15 14:20:10'),
  (9007199254741005, 'Ελένη Παππά',         'eleni@example.gr',     'business',  74.1,    NULL, '2022-08-08 06:45:00'),
  (9007199254741006, 'Нина Петрова',        'nina@example.bg',      'private',   1.01,    1,    '2023-04-03 19:05:55'),
  (9007199254741007, 'Bo Li',               'bo@example.sg',        'private',   0,       1,    '2025-01-10 11:11:11'),
  (9223372036854775807, 'The Last Account', 'last@example.com',     'test',      0,       0,    '2000-01-01 00:00:00');

-- One row per account that has, or had, a subscription.
CREATE TABLE subscription (
  account_id INTEGER PRIMARY KEY REFERENCES account (id),
  tier       TEXT NOT NULL,
  status     TEXT NOT NULL,
  seats      INTEGER,
  monthly    DECIMAL(8, 2) NOT NULL,
  renews_on  DATE
);
INSERT INTO subscription (account_id, tier, status, seats, monthly, renews_on) VALUES
  (9007199254740992, 'basic', 'active',     1,    4.99,   '2026-03-02'),
  (9007199254740993, 'team',  'active',    12,  119.4,    '2026-07-19'),
  (9007199254740994, 'plus',  'active',     1,    9.99,   '2026-01-31'),
  (9007199254740995, 'basic', 'cancelled',  1,    4.99,   NULL),
  (9007199254741001, 'team',  'past_due',   3,   29.85,   '2025-12-24'),
  (9007199254741002, 'team',  'active',   250, 1990,      '2026-05-05'),
  (9007199254741003, 'plus',  'trial',   NULL,    0,      '2026-02-28'),
  (9007199254741005, 'team',  'active',     5,   49.75,   '2026-08-08'),
  (9007199254741006, 'basic', 'active',     1,    4.99,   '2026-04-03'),
  (9007199254741007, 'plus',  'paused',     1,    9.99,   NULL),
  (9007199254741004, 'basic', 'active',     1,    4.99,   '2026-06-15'),
  (9223372036854775807, 'basic', 'active', NULL,  0,      NULL);

CREATE TABLE cart (
  id         TEXT PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (id),
  currency   TEXT NOT NULL,
  coupon     TEXT,
  updated_at TIMESTAMP NOT NULL
);
INSERT INTO cart (id, account_id, currency, coupon, updated_at) VALUES
  ('c-1001', 9007199254740992, 'DKK', NULL,       '2026-01-12 09:30:00'),
  ('c-1002', 9007199254740993, 'EUR', 'WINTER10', '2026-01-12 10:02:41'),
  ('c-1003', 9007199254740994, 'JPY', NULL,       '2026-01-12 10:15:09'),
  ('c-1004', 9007199254740995, 'EUR', NULL,       '2026-01-12 10:16:55'),
  ('c-1005', 9007199254741001, 'PLN', 'B2B-5',    '2026-01-12 11:00:00'),
  ('c-1006', 9007199254741002, 'EUR', 'B2B-15',   '2026-01-12 11:20:30'),
  ('c-1007', 9007199254741003, 'EUR', NULL,       '2026-01-12 11:45:12'),
  ('c-1008', 9007199254741004, 'CAD', 'WINTER10', '2026-01-12 12:00:01'),
  ('c-1009', 9007199254741005, 'EUR', NULL,       '2026-01-12 12:30:00'),
  ('c-1010', 9007199254741006, 'BGN', NULL,       '2026-01-12 13:13:13'),
  ('c-1011', 9007199254741007, 'SGD', 'HELLO',    '2026-01-12 14:00:00'),
  ('c-1012', 9007199254740993, 'EUR', NULL,       '2026-01-12 15:10:00');

CREATE TABLE cart_line (
  cart_id   TEXT NOT NULL REFERENCES cart (id),
  line      INTEGER NOT NULL,
  sku       TEXT NOT NULL REFERENCES product (sku),
  quantity  INTEGER NOT NULL,
  gift_note TEXT,
  PRIMARY KEY (cart_id, line)
);
INSERT INTO cart_line (cart_id, line, sku, quantity, gift_note) VALUES
  ('c-1001', 1, 'LAMP-03',    1, NULL),
  ('c-1001', 2, 'NOTE-A5',    3, 'Til Maja 🎁'),
  ('c-1002', 1, 'KB-75-ISO', 10, NULL),
  ('c-1002', 2, 'KB-NUM',    10, NULL),
  ('c-1003', 1, 'CUP-JP-1',   2, 'お誕生日おめでとう'),
  ('c-1004', 1, 'PACK-22',    1, NULL),
  ('c-1005', 1, 'CHAIR-ŁÓ',   4, NULL),
  ('c-1006', 1, 'NOTE-A4',  500, NULL),
  ('c-1006', 2, 'NOTE-A5',  500, NULL),
  ('c-1006', 3, 'MUG-BREN', 250, 'With our "thanks"'),
  ('c-1007', 1, 'PIN-TREE',   5, NULL),
  ('c-1008', 1, 'OIL-MZ',     2, NULL),
  ('c-1009', 1, 'LAMP-04',    1, NULL),
  ('c-1011', 1, 'GIFT-25',    2, 'Happy birthday');

COMMIT;
