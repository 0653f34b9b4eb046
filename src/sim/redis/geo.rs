//! The group `geo`: places are members of a sorted set, their coordinates its scores.

mod hash;
mod trig;

use self::hash::{Area, Cell, LATITUDES, LONGITUDES, Place, STEP_MAX, Shape, distance, place, score};
pub(super) use self::trig::sqrt;
use super::call::Call;
use super::command::{Command, Run};
use super::double::Double;
use super::error::{self, Error};
use super::group::Group;
use super::kind::{Scored, Zset};
use super::reply::Reply;
use super::zset::{Options, Scores, add_all, score_or, store};
use crate::bytes::Bytes;
use crate::longdouble::LongDouble;
use alloc::{format, string::ToString, vec, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Geo, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("geoadd", -5, geoadd)
        .flags("write denyoom")
        .keys("1 RW update")
        .takes("3.2.0", "key [{condition:NX|XX}@6.2.0] [{change:CH}@6.2.0] {longitude_latitude_member:longitude latitude member} \
            [longitude latitude member ...]")
        .says("Adds places with their longitudes and latitudes", "添加地点及其经纬度"),
    row("geopos", -2, geopos)
        .flags("readonly")
        .keys("1 RO access")
        .takes("3.2.0", "key member [member ...]")
        .says("Reads the longitudes and latitudes of places", "读取地点的经纬度"),
    row("geodist", -4, geodist)
        .flags("readonly")
        .keys("1 RO access")
        .takes("3.2.0", "key member1 member2 [{unit:M|KM|FT|MI}]")
        .says("Tells how far two places are apart", "返回两个地点之间的距离"),
    row("geohash", -2, geohash)
        .flags("readonly")
        .keys("1 RO access")
        .takes("3.2.0", "key member [member ...]")
        .says("Writes places as geohash texts", "返回地点的 geohash 字符串"),
    row("geosearch", -7, geosearch)
        .flags("readonly")
        .keys("1 RO access")
        .takes("6.2.0", "key {from:FROMMEMBER member|FROMLONLAT {longitude_latitude:longitude latitude}} {by:{circle:BYRADIUS radius \
            {unit:M|KM|FT|MI}}|{box:BYBOX width height {unit:M|KM|FT|MI}}} [{order:ASC|DESC}] [{count:COUNT count [ANY]}] [WITHCOORD] \
            [WITHDIST] [WITHHASH]")
        .says("Finds the places within a circle or a box", "查找圆形或矩形范围内的地点"),
    row("geosearchstore", -8, geosearchstore)
        .flags("write denyoom")
        .keys("1 OW update; 2 RO access")
        .takes("6.2.0", "destination source {from:FROMMEMBER member|FROMLONLAT {longitude_latitude:longitude latitude}} \
            {by:{circle:BYRADIUS radius {unit:M|KM|FT|MI}}|{box:BYBOX width height {unit:M|KM|FT|MI}}} [{order:ASC|DESC}] \
            [{count:COUNT count [ANY]}] [STOREDIST]")
        .says("Keeps the places found within a circle or a box", "查找范围内的地点并存储结果"),
    row("georadius", -6, georadius)
        .flags("write denyoom movablekeys")
        .keys("1 RO access; STORE@6 OW update; STOREDIST@6 OW update")
        .takes("3.2.0", "key longitude latitude radius {unit:M|KM|FT|MI} [WITHCOORD] [WITHDIST] [WITHHASH] [{count:COUNT count \
            [ANY@6.2.0]}] [{order:ASC|DESC}] [STORE key] [STOREDIST key]")
        .says("Finds the places around a point, and may keep them", "查找某点周围的地点，可存储结果"),
    row("georadius_ro", -6, georadius_ro)
        .flags("readonly")
        .keys("1 RO access")
        .takes("3.2.10", "key longitude latitude radius {unit:M|KM|FT|MI} [WITHCOORD] [WITHDIST] [WITHHASH] [{count:COUNT count \
            [ANY@6.2.0]}] [{order:ASC|DESC}]")
        .says("Finds the places around a point", "查找某点周围的地点，只读"),
    row("georadiusbymember", -5, georadiusbymember)
        .flags("write denyoom movablekeys")
        .keys("1 RO access; STORE@5 OW update; STOREDIST@5 OW update")
        .takes("3.2.0", "key member radius {unit:M|KM|FT|MI} [WITHCOORD] [WITHDIST] [WITHHASH] [{count:COUNT count [ANY]}] \
            [{order:ASC|DESC}] [STORE key] [STOREDIST key]")
        .says("Finds the places around another place, and may keep them", "查找某个地点周围的地点，可存储结果"),
    row("georadiusbymember_ro", -5, georadiusbymember_ro)
        .flags("readonly")
        .keys("1 RO access")
        .takes("3.2.10", "key member radius {unit:M|KM|FT|MI} [WITHCOORD] [WITHDIST] [WITHHASH] [{count:COUNT count [ANY]}] [{order:ASC|DESC}]")
        .says("Finds the places around another place", "查找某个地点周围的地点，只读"),
];

/// The longitude and latitude that a score stands for, in degrees.
pub(super) fn degrees(score: f64) -> (f64, f64) {
    let Place(longitude, latitude) = place(score);
    (longitude, latitude)
}

fn geoadd(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (mut options, mut at) = (Options::default(), 2);
    loop {
        match () {
            () if call.is_word(at, "nx") => options.nx = true,
            () if call.is_word(at, "xx") => options.xx = true,
            () if call.is_word(at, "ch") => options.ch = true,
            () => break,
        }
        at += 1;
    }
    let args = call.args;
    if !(args.len() - at).is_multiple_of(3) || (options.nx && options.xx) {
        return Err(error::SYNTAX);
    }
    let mut scores = Vec::new();
    for triple in args[at..].chunks_exact(3) {
        scores.push(Double(score(coordinates(&triple[0], &triple[1])?)));
    }
    if scores.is_empty() {
        return Err(error::SYNTAX);
    }
    add_all(call, options, scores.into_iter().zip(args[at..].iter().skip(2).step_by(3)))
}

fn geopos(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    each(call, |score| position(place(score)), Reply::NilArray)
}

fn geohash(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let text = |score| {
        // The texts of the standard halve all latitudes, not only those that can be kept.
        let bits = Cell::of(place(score), (-90.0, 90.0), STEP_MAX).bits;
        let mut text: Vec<u8> = (1..=10).map(|digit| DIGITS[(bits >> (52 - 5 * digit)) as usize & 31]).collect();
        // There are no bits for the eleventh.
        text.push(b'0');
        Reply::Bulk(Bytes::from(text))
    };
    each(call, text, Reply::Nil)
}

fn geodist(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let unit = match call.args {
        [_, _, _, _] => 1.0,
        [_, _, _, _, unit] => metres(unit)?,
        _ => return Err(error::SYNTAX),
    };
    let (first, second) = (call.arg(2), call.arg(3));
    let Some(zset) = call.read::<Zset>(call.arg(1))? else { return Ok(Reply::Nil) };
    let (Some(a), Some(b)) = (zset.score(first), zset.score(second)) else { return Ok(Reply::Nil) };
    Ok(Reply::text(&four_places(distance(place(a.0), place(b.0)) / unit)))
}

fn geosearch(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    search(call, Variant::Search)
}

fn geosearchstore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    search(call, Variant::SearchStore)
}

fn georadius(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    search(call, Variant::Around { member: false, stores: true })
}

fn georadius_ro(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    search(call, Variant::Around { member: false, stores: false })
}

fn georadiusbymember(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    search(call, Variant::Around { member: true, stores: true })
}

fn georadiusbymember_ro(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    search(call, Variant::Around { member: true, stores: false })
}

/// An answer for each member that is named.
fn each(call: &mut Call<'_, '_>, answer: impl Fn(f64) -> Reply, missing: Reply) -> Result<Reply, Error> {
    let members = &call.args[2..];
    let zset = call.read::<Zset>(call.arg(1))?;
    let one =
        |member: &Bytes| zset.and_then(|zset| zset.score(member)).map_or(missing.clone(), |score| answer(score.0));
    Ok(Reply::Array(members.iter().map(one).collect()))
}

/// A place as two floats with as many digits as they need.
fn position(Place(longitude, latitude): Place) -> Reply {
    let text = |number| Reply::LongDouble(Bytes::from(LongDouble::of_f64(number).to_text()));
    Reply::Array(vec![text(longitude), text(latitude)])
}

/// A distance with four digits behind the point, as Redis rounds it.
fn four_places(number: f64) -> alloc::string::String {
    let scaled = number * 10_000.0;
    let whole = scaled as u64;
    let rest = scaled - whole as f64;
    let whole = whole + u64::from(rest > 0.5 || (rest == 0.5 && whole % 2 == 1));
    let places = (whole % 10_000 + 10_000).to_string();
    format!("{}.{}", whole / 10_000, &places[1..])
}

/// Two arguments as longitude and latitude.
fn coordinates(longitude: &[u8], latitude: &[u8]) -> Result<Place, Error> {
    let (x, y) = (score_or(longitude, error::NOT_FLOAT)?.0, score_or(latitude, error::NOT_FLOAT)?.0);
    let inside = |number: f64, (low, high): (f64, f64)| (low..=high).contains(&number);
    if inside(x, LONGITUDES) && inside(y, LATITUDES) {
        Ok(Place(x, y))
    } else {
        Err(error::coordinates(&Double(x).to_six_places(), &Double(y).to_six_places()))
    }
}

/// How many metres a unit has.
fn metres(unit: &[u8]) -> Result<f64, Error> {
    const UNITS: [(&str, f64); 4] = [("m", 1.0), ("km", 1000.0), ("ft", 0.3048), ("mi", 1609.34)];
    let found = UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|(_, metres)| *metres).ok_or(error::GEO_UNIT)
}

/// Which of the commands searches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    Search,
    SearchStore,
    /// The older ones: around a member, or around coordinates; whether it may store.
    Around {
        member: bool,
        stores: bool,
    },
}

/// The options of a search.
#[derive(Default)]
struct Search {
    from_member: bool,
    centre: Option<Place>,
    shape: Option<(Shape, f64)>,
    with_distance: bool,
    with_hash: bool,
    with_place: bool,
    /// Whether the nearest come first, or last.
    ascending: Option<bool>,
    count: Option<u64>,
    any: bool,
    /// Where the outcome is kept, and whether with distances as scores.
    store: Option<(Bytes, bool)>,
}

/// A place that was found: its distance, score and member.
struct Hit {
    distance: f64,
    score: Double,
    member: Bytes,
}

fn radius(number: &[u8], unit: &[u8]) -> Result<(Shape, f64), Error> {
    let radius = score_or(number, error::GEO_RADIUS)?.0;
    if radius < 0.0 {
        return Err(error::GEO_RADIUS_NEGATIVE);
    }
    Ok((Shape::Circle(radius), metres(unit)?))
}

fn rectangle(width: &[u8], height: &[u8], unit: &[u8]) -> Result<(Shape, f64), Error> {
    let (width, height) = (score_or(width, error::GEO_WIDTH)?.0, score_or(height, error::GEO_HEIGHT)?.0);
    if width < 0.0 || height < 0.0 {
        return Err(error::GEO_BOX_NEGATIVE);
    }
    Ok((Shape::Box(width, height), metres(unit)?))
}

/// The place of a member.
fn place_of(zset: &Zset, member: &[u8]) -> Result<Place, Error> {
    zset.score(member).map(|score| place(score.0)).ok_or(error::GEO_MEMBER)
}

impl Search {
    fn read(args: &[Bytes], variant: Variant, zset: Option<&Zset>) -> Result<Self, Error> {
        let mut search = Search::default();
        let first = match variant {
            Variant::Search => 2,
            Variant::SearchStore => {
                search.store = Some((args[1].clone(), false));
                3
            }
            Variant::Around { member: false, .. } => {
                search.centre = Some(coordinates(&args[2], &args[3])?);
                search.shape = Some(radius(&args[4], &args[5])?);
                6
            }
            Variant::Around { member: true, .. } => {
                // Without a set nothing is looked at but the options.
                if let Some(zset) = zset {
                    search.centre = Some(place_of(zset, &args[2])?);
                    search.shape = Some(radius(&args[3], &args[4])?);
                }
                5
            }
        };
        let mut at = first;
        while at < args.len() {
            at += search.read_option(&args[at..], variant, zset)?;
        }
        search.check(args, variant)?;
        Ok(search)
    }

    /// Reads the option at the start of these arguments, and returns how many it took.
    fn read_option(&mut self, args: &[Bytes], variant: Variant, zset: Option<&Zset>) -> Result<usize, Error> {
        let is = |word: &str| args[0].eq_ignore_ascii_case(word.as_bytes());
        let searches = matches!(variant, Variant::Search | Variant::SearchStore);
        let stores = variant == Variant::Around { member: false, stores: true }
            || variant == Variant::Around { member: true, stores: true };
        let (is_circle, is_box) =
            (matches!(self.shape, Some((Shape::Circle(_), _))), matches!(self.shape, Some((Shape::Box(..), _))));
        let from_place = searches && !self.from_member && self.centre.is_some();
        Ok(match args {
            _ if is("withdist") => {
                self.with_distance = true;
                1
            }
            _ if is("withhash") => {
                self.with_hash = true;
                1
            }
            _ if is("withcoord") => {
                self.with_place = true;
                1
            }
            _ if is("any") => {
                self.any = true;
                1
            }
            _ if is("asc") || is("desc") => {
                self.ascending = Some(is("asc"));
                1
            }
            [_, count, ..] if is("count") => {
                let count = super::number::integer(count)?;
                self.count = Some(u64::try_from(count).ok().filter(|count| *count > 0).ok_or(error::GEO_COUNT)?);
                2
            }
            [_, key, ..] if stores && (is("store") || is("storedist")) => {
                self.store = Some((key.clone(), is("storedist")));
                2
            }
            _ if variant == Variant::SearchStore && is("storedist") => {
                self.store.iter_mut().for_each(|(_, distances)| *distances = true);
                1
            }
            [_, member, ..] if searches && is("frommember") && !from_place => {
                if let Some(zset) = zset {
                    self.centre = Some(place_of(zset, member)?);
                }
                self.from_member = true;
                2
            }
            [_, x, y, ..] if searches && is("fromlonlat") && !self.from_member => {
                self.centre = Some(coordinates(x, y)?);
                3
            }
            [_, number, unit, ..] if searches && is("byradius") && !is_box => {
                self.shape = Some(radius(number, unit)?);
                3
            }
            [_, width, height, unit, ..] if searches && is("bybox") && !is_circle => {
                self.shape = Some(rectangle(width, height, unit)?);
                4
            }
            _ => return Err(error::SYNTAX),
        })
    }

    /// Whether the options go together.
    fn check(&self, args: &[Bytes], variant: Variant) -> Result<(), Error> {
        if self.store.is_some() && (self.with_distance || self.with_hash || self.with_place) {
            return Err(if variant == Variant::SearchStore {
                error::GEOSEARCHSTORE_WITH
            } else {
                error::GEORADIUS_STORE_WITH
            });
        }
        let searches = matches!(variant, Variant::Search | Variant::SearchStore);
        if searches && !self.from_member && self.centre.is_none() {
            return Err(error::exactly_one("FROMMEMBER or FROMLONLAT", &args[0]));
        }
        if searches && self.shape.is_none() {
            return Err(error::exactly_one("BYRADIUS and BYBOX", &args[0]));
        }
        if self.any && self.count.is_none() { Err(error::GEO_ANY) } else { Ok(()) }
    }

    /// The places in an area, in the order asked for, and not more than asked for.
    fn hits(&self, zset: &Zset, area: &Area) -> Vec<Hit> {
        let limit = if self.any { self.count } else { None };
        let is_enough = |hits: &Vec<Hit>| limit.is_some_and(|limit| hits.len() as u64 >= limit);
        let mut hits = Vec::new();
        'cells: for cell in area.cells() {
            let (min, max) = cell.scores();
            let range = Scores { min: Double(min), min_open: false, max: Double(max), max_open: true };
            let (from, to) = range.ranks(zset);
            for (score, member) in zset.range(from, to) {
                if is_enough(&hits) {
                    break 'cells;
                }
                if let Some(distance) = area.distance_inside(place(score.0)) {
                    hits.push(Hit { distance, score: *score, member: member.clone() });
                }
            }
        }
        // The nearest are asked for where a count is given, but any will do with ANY.
        let ascending = self.ascending.or_else(|| (self.count.is_some() && !self.any).then_some(true));
        if let Some(ascending) = ascending {
            let compare = |a: &Hit, b: &Hit| a.distance.partial_cmp(&b.distance).unwrap_or(core::cmp::Ordering::Equal);
            crate::sorted::sort_by(&mut hits, |a, b| if ascending { compare(a, b) } else { compare(b, a) });
        }
        let count = self.count.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX);
        hits.truncate(count);
        hits
    }

    fn show(&self, hit: &Hit, unit: f64) -> Reply {
        let mut items = vec![Reply::Bulk(hit.member.clone())];
        if self.with_distance {
            items.push(Reply::text(&four_places(hit.distance / unit)));
        }
        if self.with_hash {
            items.push(Reply::Integer(hit.score.0 as i64));
        }
        if self.with_place {
            items.push(position(place(hit.score.0)));
        }
        if items.len() == 1 { Reply::Bulk(hit.member.clone()) } else { Reply::Array(items) }
    }
}

fn search(call: &mut Call<'_, '_>, variant: Variant) -> Result<Reply, Error> {
    let args = call.args;
    let source = call.arg(if variant == Variant::SearchStore { 2 } else { 1 });
    let zset = call.read::<Zset>(source)?;
    let search = Search::read(args, variant, zset)?;
    let (hits, unit) = match (zset, search.centre, search.shape) {
        (Some(zset), Some(centre), Some((shape, unit))) => (search.hits(zset, &Area { centre, shape, unit }), unit),
        _ => (Vec::new(), 1.0),
    };
    let Some((key, distances)) = &search.store else {
        return Ok(Reply::Array(hits.iter().map(|hit| search.show(hit, unit)).collect()));
    };
    let score = |hit: &Hit| if *distances { Double(hit.distance / unit) } else { hit.score };
    let entries: Vec<Scored> = hits.iter().map(|hit| (score(hit), hit.member.clone())).collect();
    let searches = variant == Variant::SearchStore;
    Ok(store(call, key, entries, if searches { "geosearchstore" } else { "georadiusstore" }))
}
