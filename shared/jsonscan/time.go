package jsonscan

import "time"

// AppendTime appends t in UTC in the form of RFC 3339, without quotes:
// 2025-01-07T10:00:00Z, or with milliseconds unless they are zero, 2025-01-07T10:00:00.123Z. It
// drops anything finer. For a moment outside the years 1 to 9999 it appends the nearest one
// inside. time.Format and Date would load time zones in every module, and with that JavaScript.
func AppendTime(dst []byte, t time.Time) []byte {
	seconds, millis := t.Unix(), t.Nanosecond()/1e6
	switch {
	case seconds < firstSecond:
		seconds, millis = firstSecond, 0
	case seconds > lastSecond:
		seconds, millis = lastSecond, 999
	}
	days, second := int(seconds/86400), int(seconds%86400)
	if second < 0 {
		days, second = days-1, second+86400
	}
	year, month, day := civil(days)
	dst = appendDigits(dst, year, 4)
	dst = appendDigits(append(dst, '-'), month, 2)
	dst = appendDigits(append(dst, '-'), day, 2)
	dst = appendDigits(append(dst, 'T'), second/3600, 2)
	dst = appendDigits(append(dst, ':'), second/60%60, 2)
	dst = appendDigits(append(dst, ':'), second%60, 2)
	if millis > 0 {
		dst = appendDigits(append(dst, '.'), millis, 3)
	}
	return append(dst, 'Z')
}

// The years 1 to 9999, in seconds since 1970.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// civil returns the day of the Gregorian calendar that is so many days after 1970-01-01. It is
// the inverse of unixDays. Callers pass no day before the year 0.
func civil(days int) (year, month, day int) {
	const perEra = 146097 // days in 400 years
	days += toMarchOfYear0
	era, day := days/perEra, days%perEra
	year = (day - day/1460 + day/36524 - day/146096) / 365 // without the leap days
	day -= 365*year + year/4 - year/100
	month = (5*day + 2) / 153
	day -= (153*month+2)/5 - 1
	year += 400 * era
	if month += 3; month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// toMarchOfYear0 is the number of days from the 1st of March of the year 0 to 1970-01-01.
const toMarchOfYear0 = 719468

func appendDigits(dst []byte, v, width int) []byte {
	for div := pow10(width - 1); div > 0; div /= 10 {
		dst = append(dst, '0'+byte(v/div%10))
	}
	return dst
}

func pow10(n int) int {
	p := 1
	for ; n > 0; n-- {
		p *= 10
	}
	return p
}

// Time reads a raw string that holds a moment in the form of RFC 3339, with any fraction and
// any offset, and returns it in UTC. It returns false for anything else: also for a day that
// does not exist, a leap second (:60) and the year 0. time.Date would load time zones in every
// module: 16 kB, and calls of JavaScript.
func Time(raw []byte) (time.Time, bool) {
	s, ok := Unquote(raw)
	if !ok || len(s) < len("2006-01-02T15:04:05Z") {
		return time.Time{}, false
	}
	year, ok0 := digits(s[0:4])
	month, ok1 := digits(s[5:7])
	day, ok2 := digits(s[8:10])
	hour, ok3 := digits(s[11:13])
	minute, ok4 := digits(s[14:16])
	second, ok5 := digits(s[17:19])
	if !(ok0 && ok1 && ok2 && ok3 && ok4 && ok5) ||
		s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' ||
		hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	s = s[19:]
	nanos := 0
	if s[0] == '.' {
		n := skipDigits(s, 1)
		if n == 1 {
			return time.Time{}, false
		}
		nanos, _ = digits(s[1:min(n, 10)])
		nanos *= pow10(9 - (min(n, 10) - 1))
		s = s[n:]
	}
	offset, ok := zone(s)
	if !ok || year < 1 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month) {
		return time.Time{}, false
	}
	seconds := int64(unixDays(year, month, day))*86400 + int64(hour*3600+minute*60+second)
	return time.Unix(seconds, int64(nanos)).Add(-offset).UTC(), true
}

// monthDays returns the number of days of a month.
func monthDays(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// unixDays counts the days from 1970-01-01 to a day of the Gregorian calendar. Its years
// begin in March, so that the leap day is the last of a year, and the lengths of the months
// repeat as 153 days in 5 months.
func unixDays(year, month, day int) int {
	if month < 3 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - toMarchOfYear0
}

// zone reads Z or an offset like +01:30.
func zone(s []byte) (time.Duration, bool) {
	if Equal(s, "Z") {
		return 0, true
	}
	if len(s) != len("+00:00") || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, ok1 := digits(s[1:3])
	minutes, ok2 := digits(s[4:6])
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, ok1 && ok2 && hours < 24 && minutes < 60
}

// digits reads a few decimal digits and refuses anything else.
func digits(s []byte) (int, bool) {
	v := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}
