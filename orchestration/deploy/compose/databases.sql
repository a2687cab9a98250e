create database tieout_review;
