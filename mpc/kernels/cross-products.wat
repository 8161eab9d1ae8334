;; Cross products of 32 rows u with 32 rows v under weights e: C[j][l] = the sum of e_c over the columns c that have bit
;; j in u_c and bit l in v_c.
;;
;; For every pair of a nibble of u and a byte of v, e_c is added to bucket (nibble, byte) of a table of 16 * 256 sums of
;; 8 bytes: 32 passes, and 32 KB, so that the table stays in the first-level cache. Then the table is gathered to 4 * 8
;; sums by halving, as in subsets.wat. For few columns that gathering would cost more than the passes: pairs of nibbles
;; make 64 passes and tables of 2 KB. Selecting a nibble is a multiplication by a scale that the pass fixes, followed by
;; a mask: shifts by a variable cost three operations on x86.

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
;; index has bit t.
(func $gatherRows (param $rowBytes i32)
  (local $at i32) (local $row i32)
  (local $r0 v128) (local $r1 v128) (local $r2 v128) (local $r3 v128) (local $r4 v128) (local $r5 v128) (local $r6 v128) (local $r7 v128)
  (local $r8 v128) (local $r9 v128) (local $r10 v128) (local $r11 v128) (local $r12 v128) (local $r13 v128) (local $r14 v128) (local $r15 v128)
  (loop $next
    (local.set $row (i32.add (local.get $at) (i32.const 0x10000)))
    (local.set $r0 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r1 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r2 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r3 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r4 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r5 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r6 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r7 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r8 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r9 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r10 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r11 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r12 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r13 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r14 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
    (local.set $r15 (v128.load (local.get $row)))
    (v128.store (local.get $row) (v128.const i64x2 0 0))
    (v128.store offset=0x19800 (local.get $at) (v128.xor (v128.xor (v128.xor (local.get $r8) (local.get $r9)) (v128.xor (local.get $r10) (local.get $r11))) (v128.xor (v128.xor (local.get $r12) (local.get $r13)) (v128.xor (local.get $r14) (local.get $r15)))))
    (local.set $r1 (v128.xor (local.get $r1) (local.get $r9)))
    (local.set $r2 (v128.xor (local.get $r2) (local.get $r10)))
    (local.set $r3 (v128.xor (local.get $r3) (local.get $r11)))
    (local.set $r4 (v128.xor (local.get $r4) (local.get $r12)))
    (local.set $r5 (v128.xor (local.get $r5) (local.get $r13)))
    (local.set $r6 (v128.xor (local.get $r6) (local.get $r14)))
    (local.set $r7 (v128.xor (local.get $r7) (local.get $r15)))
    (v128.store offset=0x19000 (local.get $at) (v128.xor (v128.xor (local.get $r4) (local.get $r5)) (v128.xor (local.get $r6) (local.get $r7))))
    (local.set $r1 (v128.xor (local.get $r1) (local.get $r5)))
    (local.set $r2 (v128.xor (local.get $r2) (local.get $r6)))
    (local.set $r3 (v128.xor (local.get $r3) (local.get $r7)))
    (v128.store offset=0x18800 (local.get $at) (v128.xor (local.get $r2) (local.get $r3)))
    (local.set $r1 (v128.xor (local.get $r1) (local.get $r3)))
    (v128.store offset=0x18000 (local.get $at) (local.get $r1))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (br_if $next (i32.ne (local.get $at) (local.get $rowBytes)))))

;; One row of sums of 8 bytes: adds to out[s] those whose index has bit s. Two sums to a vector, so bit 0 is the lane.
(func $gatherRow (param $row i32) (param $rowBytes i32) (param $out i32)
  (local $half i32) (local $low i32) (local $high i32) (local $end i32) (local $sum v128) (local $value v128)
  (local $target i32)
  (local.set $half (i32.shr_u (local.get $rowBytes) (i32.const 1)))
  (local.set $target (i32.add (local.get $out) (i32.shl (i32.sub (i32.const 28) (i32.clz (local.get $half))) (i32.const 3))))
  (loop $nextHalf
    (local.set $low (local.get $row))
    (local.set $high (i32.add (local.get $row) (local.get $half)))
    (local.set $end (local.get $high))
    (local.set $sum (v128.const i64x2 0 0))
    (loop $nextPair
      (local.set $value (v128.load (local.get $high)))
      (local.set $sum (v128.xor (local.get $sum) (local.get $value)))
      (v128.store (local.get $low) (v128.xor (v128.load (local.get $low)) (local.get $value)))
      (local.set $low (i32.add (local.get $low) (i32.const 16)))
      (local.set $high (i32.add (local.get $high) (i32.const 16)))
      (br_if $nextPair (i32.ne (local.get $low) (local.get $end))))
    (i64.store (local.get $target)
      (i64.xor
        (i64.load (local.get $target))
        (i64.xor (i64x2.extract_lane 0 (local.get $sum)) (i64x2.extract_lane 1 (local.get $sum)))))
    (local.set $target (i32.sub (local.get $target) (i32.const 8)))
    (local.set $half (i32.shr_u (local.get $half) (i32.const 1)))
    (br_if $nextHalf (i32.ge_u (local.get $half) (i32.const 16))))
  (i64.store (local.get $out)
    (i64.xor (i64.load (local.get $out)) (i64.load offset=8 (local.get $row)))))

;; The tables as they are now, added to the sums at `out`: row t of four, which lie 256 bytes apart in C.
(func $gatherTable (param $rowBytes i32) (param $out i32)
  (call $gatherRows (local.get $rowBytes))
  (call $gatherRow (i32.const 0x18000) (local.get $rowBytes) (local.get $out))
  (call $gatherRow (i32.const 0x18800) (local.get $rowBytes) (i32.add (local.get $out) (i32.const 256)))
  (call $gatherRow (i32.const 0x19000) (local.get $rowBytes) (i32.add (local.get $out) (i32.const 512)))
  (call $gatherRow (i32.const 0x19800) (local.get $rowBytes) (i32.add (local.get $out) (i32.const 768))))

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
