//! The hidden state behind trades and indicators, advanced once a second.

use super::config::GeneratorConfig;
use super::math::{exp, sqrt};
use super::rng::Rng;
use crate::types::{DAY_MS, HOUR_MS};

/// Activity by UTC hour (mean 1): quiet in the small hours, busy when Europe and America trade.
const HOURS: [f64; 24] = [
    1.10, 0.95, 0.85, 0.72, 0.66, 0.64, 0.68, 0.78, 0.90, 0.94, 0.92, 0.94, 1.06, 1.38, 1.62, 1.58, 1.36, 1.18, 1.10,
    1.06, 1.02, 0.92, 0.82, 0.82,
];

const DAY_SECONDS: f64 = 86_400.0;

/// An Ornstein-Uhlenbeck process with stationary standard deviation 1.
#[derive(Debug, Clone)]
struct Relaxation {
    value: f64,
    keep: f64,
    noise: f64,
}

impl Relaxation {
    fn new(seconds: f64, rng: &mut Rng) -> Self {
        let keep = 1.0 - 1.0 / seconds;
        Self { value: rng.normal(), keep, noise: sqrt(1.0 - keep * keep) }
    }

    fn step(&mut self, rng: &mut Rng) -> f64 {
        self.value = self.keep * self.value + self.noise * rng.normal();
        self.value
    }
}

/// A stretch of one-sided flow. The price begins to follow after `lag_s`.
#[derive(Debug, Clone)]
struct Episode {
    direction: f64,
    strength: f64,
    age_s: f64,
    length_s: f64,
    lag_s: f64,
}

/// A fast move of a few seconds.
#[derive(Debug, Clone)]
struct Shock {
    /// Price move of each second, in standard deviations of a second.
    move_per_s: f64,
    seconds: u32,
}

/// What the market does within the second that [`Market::step`] began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Second {
    /// Efficient price at the begin and at the end, ticks.
    pub price: [f64; 2],
    /// Standard deviation of one second's move, ticks.
    pub sigma_ticks: f64,
    /// Rate of bursts against its mean.
    pub activity: f64,
    /// Bias of the taker side, -1..1: (buys - sells)/all.
    pub flow: f64,
}

/// Slow quantities that indicator samples are read off.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mood {
    /// The episode now under way, signed strength; 0 without one.
    pub episode: f64,
    /// Flow of the last minutes, about -2..2.
    pub flow: f64,
    /// Trend of the last hours, about -2..2.
    pub trend: f64,
    /// Volatility against its typical value.
    pub volatility: f64,
    /// Return of the last minute over its standard deviation.
    pub minute_move: f64,
}

/// The hidden market of one symbol.
#[derive(Debug, Clone)]
pub(super) struct Market {
    rng: Rng,
    sigma: f64,
    flow_strength: f64,
    episode_chance: f64,
    shock_chance: f64,
    volatility: [Relaxation; 2],
    flow: [Relaxation; 2],
    lagged_flow: f64,
    recent_flow: f64,
    trend: f64,
    episode: Option<Episode>,
    shock: Option<Shock>,
    price: f64,
    least_price: f64,
    /// Prices of the last 60 seconds, a ring.
    minute: [f64; 60],
    seconds: usize,
    mood: Mood,
}

impl Market {
    pub(super) fn new(config: &GeneratorConfig) -> Self {
        let mut rng = Rng::new(config.seed, 1);
        let price = config.start_price as f64;
        Self {
            sigma: config.daily_volatility / sqrt(DAY_SECONDS),
            flow_strength: config.strength.flow,
            episode_chance: config.episodes_per_day / DAY_SECONDS,
            shock_chance: config.shocks_per_day / DAY_SECONDS,
            volatility: [Relaxation::new(1_500.0, &mut rng), Relaxation::new(28_800.0, &mut rng)],
            flow: [Relaxation::new(480.0, &mut rng), Relaxation::new(9_000.0, &mut rng)],
            lagged_flow: 0.0,
            recent_flow: 0.0,
            trend: 0.0,
            episode: None,
            shock: None,
            price,
            least_price: 50.0,
            minute: [price; 60],
            seconds: 0,
            mood: Mood::default(),
            rng,
        }
    }

    pub(super) fn mood(&self) -> Mood {
        self.mood
    }

    /// Goes through the second that begins at `time_ms`.
    pub(super) fn step(&mut self, time_ms: i64) -> Second {
        let rng = &mut self.rng;
        let [fast, slow] = &mut self.volatility;
        // The constant keeps the mean of the square near 1.
        let volatility = exp(0.30 * fast.step(rng) + 0.25 * slow.step(rng) - 0.15);
        let [fast, slow] = &mut self.flow;
        let mut flow = 0.7 * fast.step(rng) + slow.step(rng);

        let (episode, episode_drift) = Self::step_episode(&mut self.episode, self.episode_chance, rng);
        flow += 2.5 * episode;
        flow *= self.flow_strength;
        self.lagged_flow += (flow - 2.5 * episode * self.flow_strength - self.lagged_flow) / 90.0;
        self.recent_flow += (flow - self.recent_flow) / 240.0;
        self.trend += (flow - self.trend) / 2_700.0;

        let shock = Self::step_shock(&mut self.shock, self.shock_chance, rng);
        let hour = hour_activity(time_ms);
        let heat = volatility * (1.0 + 0.5 * episode.abs());
        let sigma = self.sigma * heat * sqrt(hour);
        let drift = self.flow_strength * (0.003 * self.lagged_flow + 0.016 * episode_drift);
        let before = self.price;
        let change = sigma * (rng.normal() + drift + shock);
        self.price = (before * (1.0 + change)).max(self.least_price);

        let place = self.seconds % self.minute.len();
        let minute_return = self.price / self.minute[place] - 1.0;
        self.minute[place] = self.price;
        self.seconds += 1;
        self.mood = Mood {
            episode,
            flow: self.recent_flow,
            trend: self.trend,
            volatility,
            minute_move: if self.sigma > 0.0 { minute_return / (self.sigma * sqrt(60.0)) } else { 0.0 },
        };
        Second {
            price: [before, self.price],
            sigma_ticks: sigma * before,
            activity: hour * heat * (1.0 + 0.25 * shock.abs()) / 1.12,
            flow: (0.035 * flow).clamp(-0.6, 0.6),
        }
    }

    /// Signed strength of the flow of an episode, and of the drift that follows it.
    fn step_episode(episode: &mut Option<Episode>, chance: f64, rng: &mut Rng) -> (f64, f64) {
        if let Some(now) = episode {
            now.age_s += 1.0;
            if now.age_s < now.length_s {
                let ramp = (now.age_s / 120.0).min(1.0);
                let followed = ((now.age_s - now.lag_s) / 120.0).clamp(0.0, 1.0);
                let strength = now.direction * now.strength;
                return (strength * ramp, strength * followed);
            }
            *episode = None;
        } else if rng.uniform() < chance {
            *episode = Some(Episode {
                direction: if rng.uniform() < 0.5 { -1.0 } else { 1.0 },
                strength: 0.6 + 0.8 * rng.uniform(),
                age_s: 0.0,
                length_s: 1_200.0 + 4_800.0 * rng.uniform(),
                lag_s: 120.0 + 240.0 * rng.uniform(),
            });
        }
        (0.0, 0.0)
    }

    fn step_shock(shock: &mut Option<Shock>, chance: f64, rng: &mut Rng) -> f64 {
        if let Some(now) = shock {
            let move_per_s = now.move_per_s;
            now.seconds -= 1;
            if now.seconds == 0 {
                *shock = None;
            }
            return move_per_s;
        }
        if rng.uniform() < chance {
            let seconds = 4 + (rng.bits() % 20) as u32;
            // Three to eight standard deviations of a minute in all.
            let size = (3.0 + 5.0 * rng.uniform()) * sqrt(60.0) / f64::from(seconds);
            let move_per_s = if rng.uniform() < 0.5 { -size } else { size };
            *shock = Some(Shock { move_per_s, seconds });
        }
        0.0
    }
}

/// Activity at a time of day, linear between the hours' middles.
fn hour_activity(time_ms: i64) -> f64 {
    let half_hours = (time_ms.rem_euclid(DAY_MS) + HOUR_MS / 2) as f64 / HOUR_MS as f64;
    let hour = half_hours as usize;
    let part = half_hours - hour as f64;
    HOURS[(hour + 23) % 24] * (1.0 - part) + HOURS[hour % 24] * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_is_one_on_average_and_continuous() {
        let mean: f64 = (0..DAY_MS).step_by(60_000).map(hour_activity).sum::<f64>() / 1_440.0;
        assert!((mean - 1.0).abs() < 1e-3, "{mean}");
        for time_ms in (0..DAY_MS).step_by(60_000) {
            assert!((hour_activity(time_ms + 60_000) - hour_activity(time_ms)).abs() < 0.01, "{time_ms}");
        }
    }

    #[test]
    fn volatility_is_near_what_was_asked_for() {
        let config = GeneratorConfig::for_symbol("BTCUSDT").unwrap();
        let mut market = Market::new(&config);
        let days = 40;
        let mut variance = 0.0;
        for second in 0..days * 86_400_i64 {
            let price = market.step(second * 1_000).price;
            let change = price[1] / price[0] - 1.0;
            variance += change * change;
        }
        let daily = sqrt(variance / f64::from(days as i32));
        assert!((0.8..1.5).contains(&(daily / config.daily_volatility)), "{daily}");
    }
}
