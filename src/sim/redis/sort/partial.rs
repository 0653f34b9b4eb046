//! Sorting only as much as LIMIT shows, as Redis does with BY: by quicksort ("Engineering a Sort Function", J. L. Bentley and
//! M. D. McIlroy, 1993), going on only into parts that hold something wanted. Which of several equal elements is shown follows from
//! its steps, so they are taken one by one.

use core::cmp::Ordering;

/// Below so many elements, each is put in its place among those before it.
const FEW: usize = 7;
/// From so many on, the middle is taken of nine.
const MANY: usize = 40;

/// Puts the elements with the numbers from `first` to before `end` in the places that they have when all are sorted.
pub fn sort_part<T>(items: &mut [T], first: usize, end: usize, compare: &dyn Fn(&T, &T) -> Ordering) {
    let len = items.len();
    if len < FEW {
        for place in 1..len {
            let mut at = place;
            while at > 0 && compare(&items[at - 1], &items[at]).is_gt() {
                items.swap(at - 1, at);
                at -= 1;
            }
        }
        return;
    }
    let middle = middle_of(items, compare);
    items.swap(0, middle);
    let (smaller, larger) = part(items, compare);
    // The equal ones between the two are where they belong. Elements by their numbers within a part:
    let goes_into = |from: usize, to: usize| to - from > 1 && first < to && end > from;
    if goes_into(0, smaller) {
        sort_part(&mut items[..smaller], first, end, compare);
    }
    let from = len - larger;
    if goes_into(from, len) {
        sort_part(&mut items[from..], first.saturating_sub(from), end - from, compare);
    }
}

/// Which element stands for the middle: of three, or of nine.
fn middle_of<T>(items: &[T], compare: &dyn Fn(&T, &T) -> Ordering) -> usize {
    let three = |a: usize, b: usize, c: usize| {
        let order = |x: usize, y: usize| compare(&items[x], &items[y]);
        if order(a, b).is_lt() {
            if order(b, c).is_lt() {
                b
            } else if order(a, c).is_lt() {
                c
            } else {
                a
            }
        } else if order(b, c).is_gt() {
            b
        } else if order(a, c).is_lt() {
            a
        } else {
            c
        }
    };
    let (len, middle) = (items.len(), items.len() / 2);
    if len == FEW {
        return middle;
    }
    if len <= MANY {
        return three(0, middle, len - 1);
    }
    let step = len / 8;
    let low = three(0, step, 2 * step);
    let centre = three(middle - step, middle, middle + step);
    let high = three(len - 1 - 2 * step, len - 1 - step, len - 1);
    three(low, centre, high)
}

/// Parts the elements by the first one: smaller ones, equal ones, larger ones. Returns how many are smaller and how many larger.
fn part<T>(items: &mut [T], compare: &dyn Fn(&T, &T) -> Ordering) -> (usize, usize) {
    let len = items.len();
    // Equal ones gather at both ends: before `equal_left`, and from `equal_right` on. What is not looked at yet: from `left` to before `right`.
    let (mut equal_left, mut left, mut right, mut equal_right) = (1, 1, len, len);
    loop {
        while left < right {
            let order = compare(&items[left], &items[0]);
            if order.is_gt() {
                break;
            }
            if order.is_eq() {
                items.swap(equal_left, left);
                equal_left += 1;
            }
            left += 1;
        }
        while left < right {
            let order = compare(&items[right - 1], &items[0]);
            if order.is_lt() {
                break;
            }
            if order.is_eq() {
                equal_right -= 1;
                items.swap(right - 1, equal_right);
            }
            right -= 1;
        }
        if left >= right {
            break;
        }
        items.swap(left, right - 1);
        left += 1;
        right -= 1;
    }
    let (smaller, larger) = (left - equal_left, equal_right - left);
    let from_left = equal_left.min(smaller);
    (0..from_left).for_each(|place| items.swap(place, left - from_left + place));
    let from_right = larger.min(len - equal_right);
    (0..from_right).for_each(|place| items.swap(left + place, len - from_right + place));
    (smaller, larger)
}

#[cfg(test)]
mod tests {
    use super::sort_part;
    use crate::prng::Prng;
    use alloc::vec::Vec;

    #[test]
    fn what_is_wanted_is_in_its_place() {
        let mut prng = Prng::new(7);
        for _ in 0..3000 {
            let len = prng.below(120) as usize;
            let mut items: Vec<u64> = (0..len).map(|_| prng.below(30)).collect();
            let mut sorted = items.clone();
            sorted.sort_unstable();
            let first = prng.below(len as u64 + 1) as usize;
            let end = first + prng.below((len - first) as u64 + 1) as usize;
            sort_part(&mut items, first, end, &Ord::cmp);
            assert_eq!(items[first..end], sorted[first..end]);
            items.sort_unstable();
            assert_eq!(items, sorted, "none is lost");
        }
    }
}
