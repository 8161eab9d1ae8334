;; Cross products of 32 rows u with 32 rows v under weights e: C[j][l] = the sum of e_c over the columns c that have bit
;; j in u_c and bit l in v_c.
;;
;; For every pair of a nibble of u and a byte of v, e_c is added to bucket (nibble, byte) of a table of 16 * 256 sums of
;; 8 bytes (32 KB, so that it stays in the first-level cache); then the table is gathered to 4 * 8 sums by halving.

;; One pass over the columns: bytes `uByte` of u and `vByte` of v, the nibble of u that `shift` (0 or 4) selects.
(func $crossPass
  (param $u i32) (param $v i32) (param $e i32) (param $count i32) (param $shift i32)
  (local $end i32) (local $bucket i32)
  (local.set $end (i32.add (local.get $u) (i32.shl (local.get $count) (i32.const 2))))
  (loop $next
    (local.set $bucket
      (i32.or
        (i32.shl
          (i32.and (i32.shr_u (i32.load8_u (local.get $u)) (local.get $shift)) (i32.const 15))
          (i32.const 11))
        (i32.shl (i32.load8_u (local.get $v)) (i32.const 3))))
    (i64.store offset=0x10000 (local.get $bucket)
      (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load (local.get $e))))
    (local.set $u (i32.add (local.get $u) (i32.const 4)))
    (local.set $v (i32.add (local.get $v) (i32.const 4)))
    (local.set $e (i32.add (local.get $e) (i32.const 8)))
    (br_if $next (i32.ne (local.get $u) (local.get $end)))))

;; Rows of 256 sums: afterwards row 2^t holds the sum of all rows whose index has bit t.
(func $gatherRows
  (local $half i32) (local $low i32) (local $high i32) (local $sum i32) (local $end i32) (local $value v128)
  (local.set $half (i32.const 0x4000))
  (loop $nextHalf
    (local.set $low (i32.const 0x10000))
    (local.set $high (i32.add (local.get $low) (local.get $half)))
    (local.set $sum (local.get $high))
    (local.set $end (local.get $high))
    ;; Row 2^t itself begins the sum; the others are added to it.
    (loop $nextPair
      (local.set $value (v128.load (local.get $high)))
      (v128.store (local.get $low) (v128.xor (v128.load (local.get $low)) (local.get $value)))
      (if (i32.ge_u (local.get $high) (i32.add (local.get $end) (i32.const 0x800)))
        (then
          (local.set $sum
            (i32.add (local.get $end) (i32.and (local.get $high) (i32.const 0x7f0))))
          (v128.store (local.get $sum) (v128.xor (v128.load (local.get $sum)) (local.get $value)))))
      (local.set $low (i32.add (local.get $low) (i32.const 16)))
      (local.set $high (i32.add (local.get $high) (i32.const 16)))
      (br_if $nextPair (i32.ne (local.get $low) (local.get $end))))
    (local.set $half (i32.shr_u (local.get $half) (i32.const 1)))
    (br_if $nextHalf (i32.ge_u (local.get $half) (i32.const 0x800)))))

;; One row of 256 sums of 8 bytes: adds the sum of the entries with bit s of their index to out[s], s < 8.
(func $gatherRow (param $row i32) (param $out i32)
  (local $half i32) (local $low i32) (local $high i32) (local $end i32) (local $sum i64) (local $value i64)
  (local.set $half (i32.const 0x400))
  (local.set $out (i32.add (local.get $out) (i32.const 56)))
  (loop $nextHalf
    (local.set $low (local.get $row))
    (local.set $high (i32.add (local.get $row) (local.get $half)))
    (local.set $end (local.get $high))
    (local.set $sum (i64.const 0))
    (loop $nextPair
      (local.set $value (i64.load (local.get $high)))
      (local.set $sum (i64.xor (local.get $sum) (local.get $value)))
      (i64.store (local.get $low) (i64.xor (i64.load (local.get $low)) (local.get $value)))
      (local.set $low (i32.add (local.get $low) (i32.const 8)))
      (local.set $high (i32.add (local.get $high) (i32.const 8)))
      (br_if $nextPair (i32.ne (local.get $low) (local.get $end))))
    (i64.store (local.get $out) (i64.xor (i64.load (local.get $out)) (local.get $sum)))
    (local.set $out (i32.sub (local.get $out) (i32.const 8)))
    (local.set $half (i32.shr_u (local.get $half) (i32.const 1)))
    (br_if $nextHalf (i32.ge_u (local.get $half) (i32.const 8)))))

;; Adds the products of `count` > 0 columns to the 32 * 32 sums of 8 bytes at `out`.
(func (export "crossProducts") (param $u i32) (param $v i32) (param $e i32) (param $count i32) (param $out i32)
  (local $nibble i32) (local $byte i32) (local $bit i32) (local $target i32)
  (loop $nextNibble
    (local.set $byte (i32.const 0))
    (loop $nextByte
      (memory.fill (i32.const 0x10000) (i32.const 0) (i32.const 0x8000))
      (call $crossPass
        (i32.add (local.get $u) (i32.shr_u (local.get $nibble) (i32.const 1)))
        (i32.add (local.get $v) (local.get $byte))
        (local.get $e)
        (local.get $count)
        (i32.shl (i32.and (local.get $nibble) (i32.const 1)) (i32.const 2)))
      (call $gatherRows)
      ;; C is row-major: row 4 nibble + t, columns 8 byte to 8 byte + 7.
      (local.set $target
        (i32.add
          (local.get $out)
          (i32.add (i32.shl (local.get $nibble) (i32.const 10)) (i32.shl (local.get $byte) (i32.const 6)))))
      (local.set $bit (i32.const 0x800))
      (loop $nextBit
        (call $gatherRow (i32.add (i32.const 0x10000) (local.get $bit)) (local.get $target))
        (local.set $target (i32.add (local.get $target) (i32.const 256)))
        (local.set $bit (i32.shl (local.get $bit) (i32.const 1)))
        (br_if $nextBit (i32.le_u (local.get $bit) (i32.const 0x4000))))
      (local.set $byte (i32.add (local.get $byte) (i32.const 1)))
      (br_if $nextByte (i32.lt_u (local.get $byte) (i32.const 4))))
    (local.set $nibble (i32.add (local.get $nibble) (i32.const 1)))
    (br_if $nextNibble (i32.lt_u (local.get $nibble) (i32.const 8)))))
