package h1

// AppendDate appends a time as IMF-fixdate, 29 bytes: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7). Years run
// from 0 to 9999; what is outside is clamped.
func AppendDate(dst []byte, unixSeconds int64) []byte {
	const days, months = "SunMonTueWedThuFriSat", "JanFebMarAprMayJunJulAugSepOctNovDec"
	const first, last = -62167219200, 253402300799 // 0000-01-01, 9999-12-31
	t := min(max(unixSeconds, first), last) - first
	day, second := int(t/86400), int(t%86400)
	year, month, mday := civil(day)
	wday := (day + 6) % 7 * 3 // 0000-01-01 was a Saturday
	month *= 3
	return append(dst,
		days[wday], days[wday+1], days[wday+2], ',', ' ',
		digit(mday/10), digit(mday), ' ',
		months[month], months[month+1], months[month+2], ' ',
		digit(year/1000), digit(year/100), digit(year/10), digit(year), ' ',
		digit(second/36000), digit(second/3600%10), ':',
		digit(second/600%6), digit(second/60%10), ':',
		digit(second/10%6), digit(second), ' ', 'G', 'M', 'T')
}

func digit(n int) byte { return byte('0' + n%10) }

// civil turns days since 0000-01-01 into a date of the Gregorian calendar; month counts from 0, mday from 1. Years
// are counted from March, so that the leap day is a year's last.
func civil(day int) (year, month, mday int) {
	const era = 146097 // days of 400 years
	day += era - 60    // since March 1st of the year -400
	n := day % era
	yoe := (n - n/1460 + n/36524 - n/146096) / 365
	doy := n - (365*yoe + yoe/4 - yoe/100)
	m := (5*doy + 2) / 153 // months since March
	year, month, mday = day/era*400-400+yoe, m+2, doy-(153*m+2)/5+1
	if month >= 12 {
		month -= 12
		year++
	}
	return year, month, mday
}
