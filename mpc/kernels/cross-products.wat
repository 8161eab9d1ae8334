;; Cross products of 32 rows u with 32 rows v under weights e: C[j][l] = the sum of e_c over the columns c that have bit
;; j in u_c and bit l in v_c.
;;
;; For every pair of a nibble of u and a byte of v, e_c is added to bucket (nibble, byte) of a table of 16 * 256 sums of
;; 8 bytes: 32 passes, and 32 KB, so that the table stays in the first-level cache. Then the table is gathered to 4 * 8
;; sums by halving, as in subsets.wat. For few columns that gathering would cost more than the passes: pairs of nibbles
;; make 64 passes and tables of 2 KB. Selecting a nibble is a multiplication by a scale that the pass fixes, followed by
;; a mask: shifts by a variable cost three operations on x86.
;;
;; Measured: 22 to 27 ns a column by nibble and byte; 52 by nibbles, whose few buckets are often still being written when
;; they are read again. Pairs of bytes, 16 passes over tables of 512 KB, took 17 ns where these 32 passes took 21, before
;; gathering and with a second-level cache of 2 MB: not worth a third method.

;; One pass: adds e to the bucket that a nibble of the byte at u and the byte at v name.
;; uScale is 2048 for the low nibble and 128 for the high one.
(func $crossBytes (param $u i32) (param $v i32) (param $e i32) (param $count i32) (param $uScale i32)
  (local $end i32) (local $bucket i32)
  (local.set $end (i32.add (local.get $u) (i32.and (i32.shl (local.get $count) (i32.const 2)) (i32.const -16))))
  (block $few
    (loop $nextFour
      (br_if $few (i32.eq (local.get $u) (local.get $end)))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u (local.get $u)) (local.get $uScale)) (i32.const 0x7800))
          (i32.shl (i32.load8_u (local.get $v)) (i32.const 3))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load (local.get $e))))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u offset=4 (local.get $u)) (local.get $uScale)) (i32.const 0x7800))
          (i32.shl (i32.load8_u offset=4 (local.get $v)) (i32.const 3))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load offset=8 (local.get $e))))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u offset=8 (local.get $u)) (local.get $uScale)) (i32.const 0x7800))
          (i32.shl (i32.load8_u offset=8 (local.get $v)) (i32.const 3))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load offset=16 (local.get $e))))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u offset=12 (local.get $u)) (local.get $uScale)) (i32.const 0x7800))
          (i32.shl (i32.load8_u offset=12 (local.get $v)) (i32.const 3))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load offset=24 (local.get $e))))
      (local.set $u (i32.add (local.get $u) (i32.const 16)))
      (local.set $v (i32.add (local.get $v) (i32.const 16)))
      (local.set $e (i32.add (local.get $e) (i32.const 32)))
      (br $nextFour)))
  (local.set $end (i32.add (local.get $end) (i32.shl (i32.and (local.get $count) (i32.const 3)) (i32.const 2))))
  (block $done
    (loop $next
      (br_if $done (i32.eq (local.get $u) (local.get $end)))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u (local.get $u)) (local.get $uScale)) (i32.const 0x7800))
          (i32.shl (i32.load8_u (local.get $v)) (i32.const 3))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load (local.get $e))))
      (local.set $u (i32.add (local.get $u) (i32.const 4)))
      (local.set $v (i32.add (local.get $v) (i32.const 4)))
      (local.set $e (i32.add (local.get $e) (i32.const 8)))
      (br $next))))

;; The same by nibbles of both. uScale: 128 for the low nibble, 8 for the high one; vScale likewise.
(func $crossNibbles (param $u i32) (param $v i32) (param $e i32) (param $count i32) (param $uScale i32) (param $vScale i32)
  (local $end i32) (local $bucket i32)
  (local.set $end (i32.add (local.get $u) (i32.and (i32.shl (local.get $count) (i32.const 2)) (i32.const -16))))
  (block $few
    (loop $nextFour
      (br_if $few (i32.eq (local.get $u) (local.get $end)))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u (local.get $u)) (local.get $uScale)) (i32.const 0x780))
          (i32.and (i32.shr_u (i32.mul (i32.load8_u (local.get $v)) (local.get $vScale)) (i32.const 4)) (i32.const 0x78))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load (local.get $e))))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u offset=4 (local.get $u)) (local.get $uScale)) (i32.const 0x780))
          (i32.and (i32.shr_u (i32.mul (i32.load8_u offset=4 (local.get $v)) (local.get $vScale)) (i32.const 4)) (i32.const 0x78))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load offset=8 (local.get $e))))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u offset=8 (local.get $u)) (local.get $uScale)) (i32.const 0x780))
          (i32.and (i32.shr_u (i32.mul (i32.load8_u offset=8 (local.get $v)) (local.get $vScale)) (i32.const 4)) (i32.const 0x78))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load offset=16 (local.get $e))))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u offset=12 (local.get $u)) (local.get $uScale)) (i32.const 0x780))
          (i32.and (i32.shr_u (i32.mul (i32.load8_u offset=12 (local.get $v)) (local.get $vScale)) (i32.const 4)) (i32.const 0x78))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load offset=24 (local.get $e))))
      (local.set $u (i32.add (local.get $u) (i32.const 16)))
      (local.set $v (i32.add (local.get $v) (i32.const 16)))
      (local.set $e (i32.add (local.get $e) (i32.const 32)))
      (br $nextFour)))
  (local.set $end (i32.add (local.get $end) (i32.shl (i32.and (local.get $count) (i32.const 3)) (i32.const 2))))
  (block $done
    (loop $next
      (br_if $done (i32.eq (local.get $u) (local.get $end)))
      (local.set $bucket
        (i32.add
          (i32.and (i32.mul (i32.load8_u (local.get $u)) (local.get $uScale)) (i32.const 0x780))
          (i32.and (i32.shr_u (i32.mul (i32.load8_u (local.get $v)) (local.get $vScale)) (i32.const 4)) (i32.const 0x78))))
      (i64.store offset=0x10000 (local.get $bucket)
        (i64.xor (i64.load offset=0x10000 (local.get $bucket)) (i64.load (local.get $e))))
      (local.set $u (i32.add (local.get $u) (i32.const 4)))
      (local.set $v (i32.add (local.get $v) (i32.const 4)))
      (local.set $e (i32.add (local.get $e) (i32.const 8)))
      (br $next))))

;; 16 rows of sums at 0x10000, rowBytes each, are emptied; row t at 0x18000 + 2048 t becomes the sum of those rows whose
;; index has bit t. Sixteen rows at a time would not fit the registers: the upper eight are folded in as they come.
(func $gatherRows (param $rowBytes i32)
  (local $at i32) (local $lower i32) (local $upper i32) (local $high v128) (local $sum v128)
  (local $r0 v128) (local $r1 v128) (local $r2 v128) (local $r3 v128)
  (local $r4 v128) (local $r5 v128) (local $r6 v128) (local $r7 v128)
  (loop $next
    (local.set $lower (i32.add (local.get $at) (i32.const 0x10000)))
    (local.set $upper (i32.add (local.get $lower) (i32.shl (local.get $rowBytes) (i32.const 3))))
    (local.set $high (v128.load (local.get $upper)))
    (local.set $r0 (v128.xor (local.get $high) (v128.load (local.get $lower))))
    (local.set $sum (local.get $high))
    (v128.store (local.get $upper) (v128.const i64x2 0 0))
    (v128.store (local.get $lower) (v128.const i64x2 0 0))
    (local.set $upper (i32.add (local.get $upper) (local.get $rowBytes)))
    (local.set $lower (i32.add (local.get $lower) (local.get $rowBytes)))
    (local.set $high (v128.load (local.get $upper)))
    (local.set $r1 (v128.xor (local.get $high) (v128.load (local.get $lower))))
    (local.set $sum (v128.xor (local.get $sum) (local.get $high)))
    (v128.store (local.get $upper) (v128.const i64x2 0 0))
    (v128.store (local.get $lower) (v128.const i64x2 0 0))
    (local.set $upper (i32.add (local.get $upper) (local.get $rowBytes)))
    (local.set $lower (i32.add (local.get $lower) (local.get $rowBytes)))
    (local.set $high (v128.load (local.get $upper)))
    (local.set $r2 (v128.xor (local.get $high) (v128.load (local.get $lower))))
    (local.set $sum (v128.xor (local.get $sum) (local.get $high)))
    (v128.store (local.get $upper) (v128.const i64x2 0 0))
    (v128.store (local.get $lower) (v128.const i64x2 0 0))
    (local.set $upper (i32.add (local.get $upper) (local.get $rowBytes)))
    (local.set $lower (i32.add (local.get $lower) (local.get $rowBytes)))
    (local.set $high (v128.load (local.get $upper)))
    (local.set $r3 (v128.xor (local.get $high) (v128.load (local.get $lower))))
    (local.set $sum (v128.xor (local.get $sum) (local.get $high)))
    (v128.store (local.get $upper) (v128.const i64x2 0 0))
    (v128.store (local.get $lower) (v128.const i64x2 0 0))
    (local.set $upper (i32.add (local.get $upper) (local.get $rowBytes)))
    (local.set $lower (i32.add (local.get $lower) (local.get $rowBytes)))
    (local.set $high (v128.load (local.get $upper)))
    (local.set $r4 (v128.xor (local.get $high) (v128.load (local.get $lower))))
    (local.set $sum (v128.xor (local.get $sum) (local.get $high)))
    (v128.store (local.get $upper) (v128.const i64x2 0 0))
    (v128.store (local.get $lower) (v128.const i64x2 0 0))
    (local.set $upper (i32.add (local.get $upper) (local.get $rowBytes)))
    (local.set $lower (i32.add (local.get $lower) (local.get $rowBytes)))
    (local.set $high (v128.load (local.get $upper)))
    (local.set $r5 (v128.xor (local.get $high) (v128.load (local.get $lower))))
    (local.set $sum (v128.xor (local.get $sum) (local.get $high)))
    (v128.store (local.get $upper) (v128.const i64x2 0 0))
    (v128.store (local.get $lower) (v128.const i64x2 0 0))
    (local.set $upper (i32.add (local.get $upper) (local.get $rowBytes)))
    (local.set $lower (i32.add (local.get $lower) (local.get $rowBytes)))
    (local.set $high (v128.load (local.get $upper)))
    (local.set $r6 (v128.xor (local.get $high) (v128.load (local.get $lower))))
    (local.set $sum (v128.xor (local.get $sum) (local.get $high)))
    (v128.store (local.get $upper) (v128.const i64x2 0 0))
    (v128.store (local.get $lower) (v128.const i64x2 0 0))
    (local.set $upper (i32.add (local.get $upper) (local.get $rowBytes)))
    (local.set $lower (i32.add (local.get $lower) (local.get $rowBytes)))
    (local.set $high (v128.load (local.get $upper)))
    (local.set $r7 (v128.xor (local.get $high) (v128.load (local.get $lower))))
    (local.set $sum (v128.xor (local.get $sum) (local.get $high)))
    (v128.store (local.get $upper) (v128.const i64x2 0 0))
    (v128.store (local.get $lower) (v128.const i64x2 0 0))
    (v128.store offset=0x19800 (local.get $at) (local.get $sum))
    (v128.store offset=0x19000 (local.get $at) (v128.xor (v128.xor (local.get $r4) (local.get $r5)) (v128.xor (local.get $r6) (local.get $r7))))
    (local.set $r1 (v128.xor (local.get $r1) (local.get $r5)))
    (local.set $r2 (v128.xor (local.get $r2) (local.get $r6)))
    (local.set $r3 (v128.xor (local.get $r3) (local.get $r7)))
    (v128.store offset=0x18800 (local.get $at) (v128.xor (local.get $r2) (local.get $r3)))
    (local.set $r1 (v128.xor (local.get $r1) (local.get $r3)))
    (v128.store offset=0x18000 (local.get $at) (local.get $r1))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (br_if $next (i32.ne (local.get $at) (local.get $rowBytes)))))

;; Adds both lanes to the sum of 8 bytes at out + offset.
(func $addLanes (param $out i32) (param $offset i32) (param $lanes v128)
  (local.set $out (i32.add (local.get $out) (local.get $offset)))
  (i64.store (local.get $out)
    (i64.xor
      (i64.load (local.get $out))
      (i64.xor (i64x2.extract_lane 0 (local.get $lanes)) (i64x2.extract_lane 1 (local.get $lanes))))))

;; A row of 256 sums of 8 bytes: adds to out[4] to out[7] those whose index has that bit, and folds the row to the 16 sums
;; by the low nibble of the index, at its beginning.
(func $gatherHighNibble (param $row i32) (param $out i32)
  (local $at i32) (local $end i32) (local $high v128)
  (local $r0 v128) (local $r1 v128) (local $r2 v128) (local $r3 v128)
  (local $r4 v128) (local $r5 v128) (local $r6 v128) (local $r7 v128)
  (local $bit4 v128) (local $bit5 v128) (local $bit6 v128) (local $bit7 v128)
  (local.set $at (local.get $row))
  (local.set $end (i32.add (local.get $row) (i32.const 128)))
  (loop $next
    (local.set $high (v128.load offset=0x400 (local.get $at)))
    (local.set $r0 (v128.xor (local.get $high) (v128.load (local.get $at))))
    (local.set $bit7 (v128.xor (local.get $bit7) (local.get $high)))
    (local.set $high (v128.load offset=0x480 (local.get $at)))
    (local.set $r1 (v128.xor (local.get $high) (v128.load offset=0x80 (local.get $at))))
    (local.set $bit7 (v128.xor (local.get $bit7) (local.get $high)))
    (local.set $high (v128.load offset=0x500 (local.get $at)))
    (local.set $r2 (v128.xor (local.get $high) (v128.load offset=0x100 (local.get $at))))
    (local.set $bit7 (v128.xor (local.get $bit7) (local.get $high)))
    (local.set $high (v128.load offset=0x580 (local.get $at)))
    (local.set $r3 (v128.xor (local.get $high) (v128.load offset=0x180 (local.get $at))))
    (local.set $bit7 (v128.xor (local.get $bit7) (local.get $high)))
    (local.set $high (v128.load offset=0x600 (local.get $at)))
    (local.set $r4 (v128.xor (local.get $high) (v128.load offset=0x200 (local.get $at))))
    (local.set $bit7 (v128.xor (local.get $bit7) (local.get $high)))
    (local.set $high (v128.load offset=0x680 (local.get $at)))
    (local.set $r5 (v128.xor (local.get $high) (v128.load offset=0x280 (local.get $at))))
    (local.set $bit7 (v128.xor (local.get $bit7) (local.get $high)))
    (local.set $high (v128.load offset=0x700 (local.get $at)))
    (local.set $r6 (v128.xor (local.get $high) (v128.load offset=0x300 (local.get $at))))
    (local.set $bit7 (v128.xor (local.get $bit7) (local.get $high)))
    (local.set $high (v128.load offset=0x780 (local.get $at)))
    (local.set $r7 (v128.xor (local.get $high) (v128.load offset=0x380 (local.get $at))))
    (local.set $bit7 (v128.xor (local.get $bit7) (local.get $high)))
    (local.set $bit6 (v128.xor (local.get $bit6) (v128.xor (v128.xor (local.get $r4) (local.get $r5)) (v128.xor (local.get $r6) (local.get $r7)))))
    (local.set $r0 (v128.xor (local.get $r0) (local.get $r4)))
    (local.set $r1 (v128.xor (local.get $r1) (local.get $r5)))
    (local.set $r2 (v128.xor (local.get $r2) (local.get $r6)))
    (local.set $r3 (v128.xor (local.get $r3) (local.get $r7)))
    (local.set $bit5 (v128.xor (local.get $bit5) (v128.xor (local.get $r2) (local.get $r3))))
    (local.set $r0 (v128.xor (local.get $r0) (local.get $r2)))
    (local.set $r1 (v128.xor (local.get $r1) (local.get $r3)))
    (local.set $bit4 (v128.xor (local.get $bit4) (local.get $r1)))
    (local.set $r0 (v128.xor (local.get $r0) (local.get $r1)))
    (v128.store (local.get $at) (local.get $r0))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (br_if $next (i32.ne (local.get $at) (local.get $end))))
  (call $addLanes (local.get $out) (i32.const 32) (local.get $bit4))
  (call $addLanes (local.get $out) (i32.const 40) (local.get $bit5))
  (call $addLanes (local.get $out) (i32.const 48) (local.get $bit6))
  (call $addLanes (local.get $out) (i32.const 56) (local.get $bit7)))

;; A row of 16 sums of 8 bytes: adds to out[0] to out[3] those whose index has that bit. Two sums make a vector, so bit 0
;; is the lane.
(func $gatherLowNibble (param $row i32) (param $out i32)
  (local $v0 v128) (local $v1 v128) (local $v2 v128) (local $v3 v128)
  (local $v4 v128) (local $v5 v128) (local $v6 v128) (local $v7 v128)
  (local.set $v4 (v128.load offset=64 (local.get $row)))
  (local.set $v0 (v128.xor (v128.load (local.get $row)) (local.get $v4)))
  (local.set $v5 (v128.load offset=80 (local.get $row)))
  (local.set $v1 (v128.xor (v128.load offset=16 (local.get $row)) (local.get $v5)))
  (local.set $v6 (v128.load offset=96 (local.get $row)))
  (local.set $v2 (v128.xor (v128.load offset=32 (local.get $row)) (local.get $v6)))
  (local.set $v7 (v128.load offset=112 (local.get $row)))
  (local.set $v3 (v128.xor (v128.load offset=48 (local.get $row)) (local.get $v7)))
  (call $addLanes (local.get $out) (i32.const 24) (v128.xor (v128.xor (local.get $v4) (local.get $v5)) (v128.xor (local.get $v6) (local.get $v7))))
  (call $addLanes (local.get $out) (i32.const 16) (v128.xor (local.get $v2) (local.get $v3)))
  (local.set $v0 (v128.xor (local.get $v0) (local.get $v2)))
  (local.set $v1 (v128.xor (local.get $v1) (local.get $v3)))
  (call $addLanes (local.get $out) (i32.const 8) (local.get $v1))
  (local.set $v0 (v128.xor (local.get $v0) (local.get $v1)))
  (i64.store (local.get $out) (i64.xor (i64.load (local.get $out)) (i64x2.extract_lane 1 (local.get $v0)))))

;; The table as it is now, added to the sums at `out`: four rows, which lie 256 bytes apart in C.
(func $gatherTable (param $rowBytes i32) (param $out i32)
  (local $row i32)
  (call $gatherRows (local.get $rowBytes))
  (local.set $row (i32.const 0x18000))
  (loop $next
    ;; Public: which of the two tables this is.
    (if (i32.eq (local.get $rowBytes) (i32.const 2048))
      (then (call $gatherHighNibble (local.get $row) (local.get $out))))
    (call $gatherLowNibble (local.get $row) (local.get $out))
    (local.set $out (i32.add (local.get $out) (i32.const 256)))
    (local.set $row (i32.add (local.get $row) (i32.const 2048)))
    (br_if $next (i32.ne (local.get $row) (i32.const 0x1a000)))))

;; Adds the products of `count` columns to the 32 * 32 sums of 8 bytes at `out`. The tables at 0x10000 are empty before
;; (clearBuckets) and after.
(func (export "crossByBytes") (param $u i32) (param $v i32) (param $e i32) (param $count i32) (param $out i32)
  (local $nibble i32) (local $byte i32)
  (loop $nextNibble
    (local.set $byte (i32.const 0))
    (loop $nextByte
      (call $crossBytes
        (i32.add (local.get $u) (i32.shr_u (local.get $nibble) (i32.const 1)))
        (i32.add (local.get $v) (local.get $byte))
        (local.get $e)
        (local.get $count)
        (select (i32.const 128) (i32.const 2048) (i32.and (local.get $nibble) (i32.const 1))))
      (call $gatherTable
        (i32.const 2048)
        (i32.add
          (local.get $out)
          (i32.add (i32.shl (local.get $nibble) (i32.const 10)) (i32.shl (local.get $byte) (i32.const 6)))))
      (local.set $byte (i32.add (local.get $byte) (i32.const 1)))
      (br_if $nextByte (i32.lt_u (local.get $byte) (i32.const 4))))
    (local.set $nibble (i32.add (local.get $nibble) (i32.const 1)))
    (br_if $nextNibble (i32.lt_u (local.get $nibble) (i32.const 8)))))

(func (export "crossByNibbles") (param $u i32) (param $v i32) (param $e i32) (param $count i32) (param $out i32)
  (local $nibbleU i32) (local $nibbleV i32)
  (loop $nextU
    (local.set $nibbleV (i32.const 0))
    (loop $nextV
      (call $crossNibbles
        (i32.add (local.get $u) (i32.shr_u (local.get $nibbleU) (i32.const 1)))
        (i32.add (local.get $v) (i32.shr_u (local.get $nibbleV) (i32.const 1)))
        (local.get $e)
        (local.get $count)
        (select (i32.const 8) (i32.const 128) (i32.and (local.get $nibbleU) (i32.const 1)))
        (select (i32.const 8) (i32.const 128) (i32.and (local.get $nibbleV) (i32.const 1))))
      (call $gatherTable
        (i32.const 128)
        (i32.add
          (local.get $out)
          (i32.add (i32.shl (local.get $nibbleU) (i32.const 10)) (i32.shl (local.get $nibbleV) (i32.const 5)))))
      (local.set $nibbleV (i32.add (local.get $nibbleV) (i32.const 1)))
      (br_if $nextV (i32.lt_u (local.get $nibbleV) (i32.const 8))))
    (local.set $nibbleU (i32.add (local.get $nibbleU) (i32.const 1)))
    (br_if $nextU (i32.lt_u (local.get $nibbleU) (i32.const 8)))))
