/** The database of the demo: foreign keys and a good part of Postgres's types. */
export const SHOP_SCHEMA = `
CREATE TYPE order_status AS ENUM ('new', 'paid', 'packed', 'shipped', 'cancelled');

CREATE TABLE customers (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email       text NOT NULL UNIQUE,
  name        varchar(80) NOT NULL,
  address     jsonb NOT NULL,
  tags        text[] NOT NULL DEFAULT '{}',
  newsletter  boolean NOT NULL DEFAULT false,
  credit      numeric(12,2) NOT NULL DEFAULT 0,
  born        date,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
  id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku         uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  name        text NOT NULL,
  price       numeric(10,2) NOT NULL,
  weight_kg   double precision,
  sizes       int[],
  attributes  jsonb,
  available   boolean NOT NULL DEFAULT true,
  changed_at  timestamp NOT NULL DEFAULT localtimestamp
);

CREATE TABLE orders (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers,
  status      order_status NOT NULL DEFAULT 'new',
  total       numeric(12,2) NOT NULL,
  note        text,
  ordered_at  timestamptz NOT NULL DEFAULT now(),
  shipped_at  timestamptz
);

CREATE TABLE order_items (
  order_id    bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
  line        smallint NOT NULL,
  product_id  int NOT NULL REFERENCES products,
  quantity    int NOT NULL,
  price       numeric(10,2) NOT NULL,
  PRIMARY KEY (order_id, line)
);

INSERT INTO customers (email, name, address, tags, newsletter, credit, born)
  SELECT 'customer' || i || '@example.com', 'Customer ' || i,
         jsonb_build_object('street', i || ' Harbour Road', 'city', (ARRAY['Lisbon', 'Kyoto', 'Oslo', 'Quito'])[1 + i % 4]),
         CASE WHEN i % 5 = 0 THEN ARRAY['vip', 'early'] ELSE ARRAY['regular'] END,
         i % 3 = 0, (i * 37 % 1000) / 10.0, date '1960-01-01' + i * 41
  FROM generate_series(1, 200) i;

INSERT INTO products (name, price, weight_kg, sizes, attributes)
  SELECT (ARRAY['Lamp', 'Chair', 'Kettle', 'Scarf', 'Notebook'])[1 + i % 5] || ' ' || i, 4.90 + i * 1.35, 0.1 + i * 0.07,
         CASE WHEN i % 4 = 3 THEN ARRAY[36, 38, 40] END,
         jsonb_build_object('colour', (ARRAY['red', 'sea', 'sand'])[1 + i % 3], 'rating', round((i % 50) / 10.0, 1))
  FROM generate_series(1, 50) i;

INSERT INTO orders (customer_id, status, total, ordered_at)
  SELECT 1 + i * 7 % 200, 'shipped', 0, now() - i * interval '1 hour' FROM generate_series(1, 500) i;

INSERT INTO order_items
  SELECT o.id, line, p.id, 1 + o.id % 3, p.price
  FROM orders o CROSS JOIN generate_series(1, 2) line JOIN products p ON p.id = 1 + (o.id * 11 + line * 5) % 50;

UPDATE orders SET total = (SELECT sum(quantity * price) FROM order_items WHERE order_id = orders.id), shipped_at = ordered_at;
`
