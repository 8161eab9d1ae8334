;; The AND of replicated shares, 128 lanes a step: z = x0 & (y0 ^ y1) ^ x1 & y0 ^ mask (Araki et al., CCS 2016, section
;; 2.2, with one AND fewer). `vectors` counts 16 bytes.
(func (export "andShares")
  (param $x0 i32) (param $x1 i32) (param $y0 i32) (param $y1 i32) (param $mask i32) (param $out i32)
  (param $vectors i32)
  (local $at i32) (local $end i32) (local $y v128)
  (local.set $end (i32.shl (local.get $vectors) (i32.const 4)))
  (block $done
    (loop $next
      (br_if $done (i32.eq (local.get $at) (local.get $end)))
      (local.set $y (v128.load (i32.add (local.get $y0) (local.get $at))))
      (v128.store (i32.add (local.get $out) (local.get $at))
        (v128.xor
          (v128.load (i32.add (local.get $mask) (local.get $at)))
          (v128.xor
            (v128.and
              (v128.load (i32.add (local.get $x0) (local.get $at)))
              (v128.xor (local.get $y) (v128.load (i32.add (local.get $y1) (local.get $at)))))
            (v128.and (v128.load (i32.add (local.get $x1) (local.get $at))) (local.get $y)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $next))))
