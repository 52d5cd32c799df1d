//! Orders of some 880 B, as analytics libraries send them.

/// Which products events name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Few of them often.
    Zipf,
    /// Each as often as any other.
    Uniform,
}

/// How many customers and coupons there are.
pub(crate) const CUSTOMERS: u64 = 50_000;
pub(crate) const COUPONS: u64 = 100;

/// Where an event has its number, in 12 digits.
const NUMBER_AT: usize = r#"{"type":"track","event":"Order Completed","messageId":"ajs-next-"#.len();
const DIGITS: usize = 12;

/// Orders, one after the other.
pub(crate) struct Orders {
    keys: Keys,
    rows: u64,
    random: u64,
}

impl Orders {
    /// Of so many products.
    pub(crate) fn new(keys: Keys, rows: u64) -> Self {
        Self { keys, rows, random: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next customer, and the order with a number.
    pub(crate) fn order(&mut self, number: usize) -> (Vec<u8>, Vec<u8>) {
        let user = customer(self.random() % CUSTOMERS);
        let product = self.product();
        let [a, b, c] = [1, 2, 3].map(|position| {
            let product = self.product();
            format!(
                r#"{{"product_id":"{product}","sku":"45360-32","name":"Travel mug {position}","price":18.95,"quantity":1}}"#
            )
        });
        let order = format!(
            concat!(
                r#"{{"type":"track","event":"Order Completed","messageId":"ajs-next-{number:012}","userId":"{user}","#,
                r#""timestamp":"2026-10-01T08:30:00.000Z","context":{{"ip":"203.0.113.34","locale":"de-DE","#,
                r#""userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","library":{{"name":"analytics.js","version":"2.1.0"}}}},"#,
                r#""properties":{{"product_id":"{product}","order_id":"50314b8e9bcf","total":27.5,"revenue":25.0,"shipping":3.0,"#,
                r#""tax":2.0,"discount":2.5,"coupon":"{coupon}","currency":"EUR","products":[{a},{b},{c}]}}}}"#
            ),
            number = number,
            user = user,
            product = product,
            coupon = coupon(self.random() % COUPONS),
            a = a,
            b = b,
            c = c,
        );
        (user.into_bytes(), order.into_bytes())
    }

    fn product(&mut self) -> String {
        let share = (self.random() >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = match self.keys {
            Keys::Uniform => (share * self.rows as f64) as u64,
            // The inverse of a distribution whose density falls with the rank.
            Keys::Zipf => ((self.rows as f64).powf(share) - 1.0) as u64,
        };
        // Popular products lie anywhere among the ids.
        sku((rank * 7919) % self.rows)
    }

    /// Xorshift: the same orders in each run.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

/// Gives an order another number.
pub(crate) fn renumber(order: &mut [u8], number: usize) {
    order[NUMBER_AT..NUMBER_AT + DIGITS].copy_from_slice(format!("{number:012}").as_bytes());
}

/// The number of an order, enriched or not.
pub(crate) fn number(order: &[u8]) -> usize {
    let digits = &order[NUMBER_AT..NUMBER_AT + DIGITS];
    digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

pub(crate) fn sku(number: u64) -> String {
    format!("SKU-{number:08}")
}

pub(crate) fn customer(number: u64) -> String {
    format!("user-{number}")
}

pub(crate) fn coupon(number: u64) -> String {
    format!("COUPON-{number}")
}
